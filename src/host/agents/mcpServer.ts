import * as vscode from 'vscode';
import { MCP_PROVIDER } from '../../contributions.ts';
import { trustedFolder } from './languageModelTools.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';

/** Offers the Model Context Protocol server of the command to the editor, with the ledger of this window. */
export function offerMcpServer(context: vscode.ExtensionContext, service: LedgerService): vscode.Disposable {
  const { lm } = vscode as { lm?: typeof vscode.lm };
  if (typeof lm?.registerMcpServerDefinitionProvider !== 'function') return new vscode.Disposable(() => undefined);
  const cli = vscode.Uri.joinPath(context.extensionUri, 'dist', 'cli.js').fsPath;
  const { version } = context.extension.packageJSON as { version: string };
  return lm.registerMcpServerDefinitionProvider(MCP_PROVIDER, {
    provideMcpServerDefinitions: () => {
      const server = new vscode.McpStdioServerDefinition(
        'LLM Spend',
        process.execPath,
        [cli, 'mcp'],
        // The desktop's executable runs as Node only with this variable.
        { ELECTRON_RUN_AS_NODE: '1', LLM_SPEND_LEDGER: service.path },
        version,
      );
      const folder = trustedFolder();
      if (folder !== undefined) server.cwd = vscode.Uri.file(folder);
      return [server];
    },
  });
}
