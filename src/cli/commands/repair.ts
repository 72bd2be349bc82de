import type { CommandSpec } from '../command.ts';
import { plain } from '../../usage/text.ts';
import { EXIT } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { withLedger, type LedgerFlag } from '../arguments/ledgers.ts';
import { counted } from '../report/numbers.ts';
import { commandLine } from '../arguments/shell.ts';
import type { Terminal } from '../output/terminal.ts';
import { t, tMessage } from '../language/text.ts';

export interface RepairFlags extends LedgerFlag {
  dryRun?: boolean;
  json?: boolean;
}

/** `llm-spend repair`: repairs the problems that `verify` finds, or with `--dry-run` describes the repair. */
export async function repair(flags: RepairFlags, terminal: Terminal): Promise<number> {
  const dryRun = flags.dryRun === true;
  const { path, result } = await withLedger(flags, async (ledger) => ({
    path: ledger.path,
    result: await ledger.repair({ dryRun }),
  }));
  if (flags.json === true) {
    const { actions, records, recovered, keptIn } = result;
    const body = { ledger: path, dry_run: dryRun, actions, records, recovered, kept_in: keptIn ?? null };
    await writeJson(terminal.out, envelope('repair', body));
    return EXIT.done;
  }
  if (result.actions.length === 0) {
    await terminal.out.line(t`${plain(path)} needs no repair (${counted(result.records, 'record')}).`);
    return EXIT.done;
  }
  const lines = [
    dryRun ? t`${plain(path)} would be repaired as follows:` : t`${plain(path)} was repaired:`,
    ...result.actions.map((action) => `  - ${plain(tMessage(action))}`),
    dryRun
      ? t`${counted(result.records, 'record')} afterwards, ${counted(result.recovered, 'record')} recovered.`
      : t`${counted(result.records, 'record')}, ${counted(result.recovered, 'record')} recovered.`,
    ...(result.keptIn === undefined ? [] : [t`Unreadable parts are kept in ${plain(result.keptIn)}`]),
    ...(dryRun ? [t`Nothing was changed. To repair it: ${plain(commandLine('repair', flags))}`] : []),
  ];
  await terminal.out.line(lines.join('\n'));
  return EXIT.done;
}

export const command: CommandSpec<RepairFlags> = {
  summary: 'repair the problems that verify finds',
  options: [{ flags: '--dry-run', help: 'show what would be repaired, and change nothing' }],
  examples: ['llm-spend repair --dry-run', 'llm-spend repair'],
  run: ({ flags, terminal }) => repair(flags, terminal),
};
