import type { CommandSpec } from '../command.ts';
import { EXIT } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { withLedger, type LedgerFlag } from '../arguments/ledgers.ts';
import { counted } from '../report/numbers.ts';
import { commandLine } from '../arguments/shell.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { recordLine } from './recordOne.ts';

export interface RemoveFlags extends LedgerFlag {
  json?: boolean;
}

/** `llm-spend remove ID...`: takes records out, one line for each; ids that are not there fail, the others go. */
export async function remove(ids: readonly string[], flags: RemoveFlags, terminal: Terminal): Promise<number> {
  const { path, removed, missing } = await withLedger(flags, async (ledger) => ({
    path: ledger.path,
    ...(await ledger.remove(ids)),
  }));
  if (flags.json === true) {
    await writeJson(terminal.out, envelope('remove', { ledger: path, removed, missing }));
  } else {
    for (const record of removed) await terminal.out.line(`Removed ${recordLine(record)}`);
    if (removed.length > 0)
      await say(terminal, `${counted(removed.length, 'record')} removed. Bring back: ${commandLine('undo', flags)}`);
    for (const id of missing) await say(terminal, `There is no record ${JSON.stringify(id)} in ${path}.`);
  }
  return missing.length > 0 ? EXIT.failed : EXIT.done;
}

export const command: CommandSpec<RemoveFlags> = {
  summary: 'remove records by their ids',
  arguments: [{ name: '<id...>', help: 'ids of records, as costs --recent 10 --json prints them' }],
  options: [],
  examples: ['llm-spend remove 7c9e6679-7425-40de-944b-e07fc1f90ae7'],
  notes: 'llm-spend undo brings removed records back.',
  run: ({ flags, words: [ids], terminal }) => remove(ids as string[], flags, terminal),
};
