import type { CommandSpec } from '../command.ts';
import { existsSync } from 'node:fs';
import { inkwellLedgerPath } from '../../library/index.ts';
import { EXIT } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { ledgerPath, type LedgerFlag } from '../arguments/ledgers.ts';
import type { Terminal } from '../output/terminal.ts';

export interface PathFlags extends LedgerFlag {
  json?: boolean;
}

/** `llm-spend path`: prints the ledger's path, alone on its line for use as `$(llm-spend path)`. */
export async function path(flags: PathFlags, terminal: Terminal): Promise<number> {
  const ledger = ledgerPath(flags);
  if (flags.json !== true) await terminal.out.line(ledger);
  else {
    const body = { ledger, exists: existsSync(ledger), inkwell: inkwellLedgerPath() ?? null };
    await writeJson(terminal.out, envelope('path', body));
  }
  return EXIT.done;
}

export const command: CommandSpec<PathFlags> = {
  summary: 'print the path of the ledger',
  options: [],
  examples: ['llm-spend path', 'jq length "$(llm-spend path)"'],
  run: ({ flags, terminal }) => path(flags, terminal),
};
