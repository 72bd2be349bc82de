import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { UsageFilter } from '../../usage/query.ts';

/** The calls of the folders that are open: their project is the folder's name. undefined without a folder. */
export function workspaceFilter(): UsageFilter | undefined {
  const names = projects();
  return names.length === 0 ? undefined : { values: { project: names } };
}

/** The names of the open folders, for display. */
export function workspaceName(): string {
  return projects().join(', ');
}

/** Agents log a folder by its name on the disk; a call recorded by hand has the name of the workspace. */
function projects(): string[] {
  const { name, workspaceFolders = [] } = vscode.workspace;
  if (workspaceFolders.length === 0) return [];
  const folders = workspaceFolders.map(({ uri }) => basename(uri.fsPath));
  return [...new Set([...folders, name ?? ''])].filter((each) => each !== '');
}
