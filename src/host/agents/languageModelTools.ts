import * as vscode from 'vscode';
import { LANGUAGE_MODEL_TOOLS } from '../../contributions.ts';
import { readBudgets } from '../../budgets/budgetFile.ts';
import { checkedInput, ToolInputError, TOOLS, type Tool, type ToolContext } from '../../tools/index.ts';
import { readSettings } from '../common/settings.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Prices } from '../prices/prices.ts';

/** Registers the tools for the editor's own agents. The editor may be one that has no language models. */
export function registerTools(service: LedgerService, prices: Prices): vscode.Disposable {
  const { lm } = vscode as { lm?: typeof vscode.lm };
  if (typeof lm?.registerTool !== 'function') return new vscode.Disposable(() => undefined);
  const context: ToolContext = {
    get ledger() {
      return service.path;
    },
    aggregate: (query) => service.aggregate(query),
    page: (query) => service.page(query),
    get isPartial() {
      return service.health === 'damaged' || service.health === 'unavailable';
    },
    record: (usage) => service.record(usage),
    pricer: () => prices.pricer().catch(() => undefined),
    budgets: readBudgets,
    repository: trustedFolder,
    calendar: () => readSettings().calendar,
    now: Date.now,
  };
  return vscode.Disposable.from(
    ...TOOLS.map((tool) => lm.registerTool(LANGUAGE_MODEL_TOOLS[tool.name]!, toolOf(tool, context))),
  );
}

/** The first folder of the window. Git never runs in a workspace that the user does not trust. */
export function trustedFolder(): string | undefined {
  if (!vscode.workspace.isTrusted) return undefined;
  return vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
}

function toolOf(tool: Tool, context: ToolContext): vscode.LanguageModelTool<object> {
  return {
    // The editor does not check inputs against the schema.
    invoke: async ({ input }) => {
      const text = await tool.run(checkedInput(tool.input, input), context).catch((error: unknown) => {
        if (error instanceof ToolInputError) throw new Error(error.message);
        throw error;
      });
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
    },
    prepareInvocation: async ({ input }) => {
      const invocationMessage = vscode.l10n.t('LLM Spend: {0}', tool.title);
      if (tool.preview === undefined) return { invocationMessage };
      const message = await tool.preview(checkedInput(tool.input, input), context);
      return { invocationMessage, confirmationMessages: { title: vscode.l10n.t('Record a usage?'), message } };
    },
  };
}
