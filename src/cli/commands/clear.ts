import type { CommandSpec } from '../command.ts';
import { plain } from '../../usage/text.ts';
import { confirmed } from '../arguments/confirm.ts';
import { EXIT, usageError } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { withLedger, type LedgerFlag } from '../arguments/ledgers.ts';
import { counted } from '../report/numbers.ts';
import { commandLine } from '../arguments/shell.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { t } from '../language/text.ts';

export interface ClearFlags extends LedgerFlag {
  yes?: boolean;
  json?: boolean;
}

/** `llm-spend clear`: empties the ledger after asking for confirmation. Its records are kept in a file beside it. */
export async function clear(flags: ClearFlags, terminal: Terminal): Promise<number> {
  const asks = flags.yes !== true;
  if (asks && !(process.stdin.isTTY && terminal.err.isTTY)) {
    throw usageError(t`clear: cannot ask for confirmation without a terminal. Confirm with --yes.`, '--yes');
  }
  return withLedger(flags, async (ledger) => {
    if (asks) {
      const { records } = await ledger.refresh();
      const question = t`Clear ${counted(records, 'record')} of ${plain(ledger.path)}? [y/N] `;
      if (!(await confirmed(question))) {
        await say(terminal, t`Nothing was changed.`);
        return EXIT.failed;
      }
    }
    const { removed, keptIn } = await ledger.clear();
    if (flags.json === true) {
      await writeJson(terminal.out, envelope('clear', { ledger: ledger.path, removed, kept_in: keptIn ?? null }));
      return EXIT.done;
    }
    const undo = commandLine('undo', flags);
    const kept =
      keptIn === undefined ? '' : ` ${t`They are kept in ${plain(keptIn)}; ${plain(undo)} brings them back.`}`;
    await terminal.out.line(`${t`Cleared ${counted(removed, 'record')}.`}${kept}`);
    return EXIT.done;
  });
}

export const command: CommandSpec<ClearFlags> = {
  summary: 'empty the ledger; its records are kept in a file beside it',
  options: [{ flags: '--yes', help: 'do not ask for confirmation' }],
  examples: ['llm-spend clear', 'llm-spend clear --yes --ledger test-costs.json'],
  notes: t`llm-spend undo restores the records.`,
  run: ({ flags, terminal }) => clear(flags, terminal),
};
