import { version } from '../../../../package.json';
import { readBudgets } from '../../../budgets/budgetFile.ts';
import { openView } from '../../../library/openView.ts';
import { serveStdio } from '../../../mcp/stdio.ts';
import type { ToolContext } from '../../../tools/index.ts';
import { localCalendar } from '../../../usage/time/calendar.ts';
import type { LedgerView } from '../../../ledger/view.ts';
import { ledgerPath, type LedgerFlag } from '../../arguments/ledgerPath.ts';
import type { CommandSpec } from '../../command.ts';
import { EXIT } from '../../output/exit.ts';
import type { Terminal } from '../../output/terminal.ts';
import { userPrices, userPricing } from '../../userPrices.ts';
import { t } from '../../language/text.ts';

/** How old the state of the ledgers may be, in ms: a thousand calls in a row read them once. */
const FRESH_MS = 500;

/** `llm-spend mcp`: serves the tools for agents over stdin and stdout until the client closes them. */
async function serve(flags: LedgerFlag, terminal: Terminal): Promise<number> {
  const primary = ledgerPath(flags);
  const isNamed = flags.ledger !== undefined;
  const choice = { primary, imported: !isNamed, inkwell: !isNamed };
  const opened = openView(choice, { pricing: userPricing, source: 'agent-tool', noteAdditions: 'each' });
  const refresh = refresher(opened.view, terminal.now);
  const context: ToolContext = {
    ledger: opened.primary.ledger,
    aggregate: async (query) => {
      await refresh(false);
      return opened.view.aggregate(query);
    },
    page: (query) => opened.view.page(query),
    get isPartial() {
      return opened.view.isPartial;
    },
    record: async (usage) => {
      const record = await opened.primary.track(usage);
      await refresh(true);
      return record;
    },
    pricer: async () => (await userPrices()).pricer(),
    budgets: readBudgets,
    // Clients start a server in the folder of the project.
    repository: () => process.cwd(),
    calendar: localCalendar,
    now: terminal.now,
  };
  try {
    await serveStdio({ input: process.stdin, output: process.stdout }, { name: 'llm-spend', version }, context);
  } finally {
    await opened.view.close();
  }
  return EXIT.done;
}

function refresher(view: LedgerView, now: () => number): (isForced: boolean) => Promise<void> {
  let at = Number.NEGATIVE_INFINITY;
  let running: Promise<unknown> | undefined;
  return async (isForced) => {
    if (isForced || now() - at >= FRESH_MS) {
      at = now();
      running = view.refresh();
    }
    await running;
  };
}

export const command: CommandSpec<LedgerFlag> = {
  summary: 'run a Model Context Protocol (MCP) server for agents, over stdin and stdout',
  options: [],
  examples: ['claude mcp add llm-spend -- llm-spend mcp', 'codex mcp add llm-spend -- llm-spend mcp'],
  notes: t`Agents can query spending, remaining budgets, reasons for an expensive period and the price of a planned call. Recording asks you first.\nHow to add it to each agent: docs/agents.md.`,
  run: ({ flags, terminal }) => serve(flags, terminal),
};
