import type { CommandSpec } from '../command.ts';
import { EXIT } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { withLedger, type LedgerFlag } from '../arguments/ledgers.ts';
import { counted } from '../report/numbers.ts';
import { commandLine } from '../arguments/shell.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { recordLine } from './recordOne.ts';
import { t } from '../language/text.ts';

export interface RemoveFlags extends LedgerFlag {
  json?: boolean;
}

/**
 * `llm-spend remove ID...`: removes records and prints one line for each. Unknown ids are failures; the other records are
 * removed.
 */
export async function remove(ids: readonly string[], flags: RemoveFlags, terminal: Terminal): Promise<number> {
  const { path, removed, missing } = await withLedger(flags, async (ledger) => ({
    path: ledger.path,
    ...(await ledger.remove(ids)),
  }));
  if (flags.json === true) {
    await writeJson(terminal.out, envelope('remove', { ledger: path, removed, missing }));
  } else {
    for (const record of removed) await terminal.out.line(t`Removed ${recordLine(record)}`);
    if (removed.length > 0)
      await say(
        terminal,
        t`${counted(removed.length, 'record')} removed. To restore it: ${commandLine('undo', flags)}`,
      );
    for (const id of missing) await say(terminal, t`There is no record ${JSON.stringify(id)} in ${path}.`);
  }
  return missing.length > 0 ? EXIT.failed : EXIT.done;
}

export const command: CommandSpec<RemoveFlags> = {
  summary: 'remove records by their ids',
  arguments: [{ name: '<id...>', help: 'ids of records, as printed by costs --recent 10 --json' }],
  options: [],
  examples: ['llm-spend remove 7c9e6679-7425-40de-944b-e07fc1f90ae7'],
  notes: t`llm-spend undo restores removed records.`,
  run: ({ flags, words: [ids], terminal }) => remove(ids as string[], flags, terminal),
};
