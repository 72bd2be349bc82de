import * as vscode from 'vscode';

/** The parts of the API of the built-in git extension that are used (microsoft/vscode has its types). */

export interface GitExtensionRepository {
  readonly rootUri: vscode.Uri;
  readonly inputBox: { value: string };
  readonly state: { readonly onDidChange: vscode.Event<void> };
}

export interface GitExtensionApi {
  readonly git: { readonly path: string };
  readonly repositories: readonly GitExtensionRepository[];
  readonly onDidOpenRepository: vscode.Event<GitExtensionRepository>;
  readonly onDidCloseRepository: vscode.Event<GitExtensionRepository>;
}

interface GitExports {
  readonly enabled: boolean;
  getAPI(version: 1): GitExtensionApi;
}

/** undefined where the extension is missing or switched off. */
export async function gitExtension(): Promise<GitExtensionApi | undefined> {
  const extension = vscode.extensions.getExtension<GitExports>('vscode.git');
  try {
    const exports = extension?.isActive === false ? await extension.activate() : extension?.exports;
    return exports?.enabled === true ? exports.getAPI(1) : undefined;
  } catch {
    return undefined;
  }
}
