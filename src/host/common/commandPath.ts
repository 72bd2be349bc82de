import * as vscode from 'vscode';

/** The command `llm-spend` that ships with the extension. It runs in the editor's own runtime, as Node. */
export function commandPath({ extensionUri }: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(extensionUri, 'dist', 'cli.js').fsPath;
}
