import type { CommandSpec } from '../command.ts';
import { openLedger, resolveLedgerPath } from '../../library/index.ts';
import type { Migration, MigrationProgress, MonthSums } from '../../ledger/migrate.ts';
import { isLedgerUrl } from '../../system/paths.ts';
import { exactNumber } from '../../usage/jsonText.ts';
import { formatUsdExact, nanosToUsd } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { EXIT, SIGNAL_EXIT, usageError } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { progressBar } from '../output/progressBar.ts';
import { counted, whole } from '../report/numbers.ts';
import { say, warn, type Terminal } from '../output/terminal.ts';
import { t } from '../language/text.ts';

export interface MigrateFlags {
  json?: boolean;
  /** Common to all commands but invalid here, where both ledgers are arguments. */
  ledger?: string;
}

/** Maximum number of records left behind that are listed. */
const MOST_NAMED = 10;

/**
 * `llm-spend migrate FROM TO`: copies all records of one ledger to another, and compares both by month before reporting
 * success.
 */
export async function migrateLedger(
  from: string,
  to: string,
  flags: MigrateFlags,
  terminal: Terminal,
): Promise<number> {
  if (flags.ledger !== undefined) throw usageError(t`--ledger: migrate takes two files: migrate FROM TO.`, '--ledger');
  if (from.trim() === '' || to.trim() === '') throw usageError(t`migrate: both files must be named.`);
  const { migrate } = await import('../../ledger/migrate.ts');
  const source = openLedger({ ledger: resolveLedgerPath({ flag: from }), pricing: false });
  const target = openLedger({ ledger: resolveLedgerPath({ flag: to }), pricing: false });
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once('SIGINT', stop);
  try {
    const result = await migrate(source, target, {
      signal: interrupt.signal,
      onProgress: terminal.err.isTTY ? (progress) => void terminal.err.raw(`\r${bar(progress)}`) : undefined,
    });
    if (terminal.err.isTTY) await terminal.err.raw('\r\u001B[K');
    const paths = { from: source.path, to: target.path };
    if (flags.json === true) await writeJson(terminal.out, envelope('migrate', migrationJson(paths, result)));
    else await tell(paths, result, terminal);
    if (result.interrupted) return SIGNAL_EXIT.SIGINT;
    const hidden = isLedgerUrl(source.path) ? source.state.records - result.records : 0;
    if (hidden > 0) {
      await warn(
        terminal,
        t`${counted(hidden, 'record')} of ${plain(paths.from)} could not be read, and were not copied: members of a team see only their own records. Its owner can migrate all.`,
      );
      return EXIT.failed;
    }
    const complete = result.mismatches.length === 0 && result.differing.length === 0 && result.refused.length === 0;
    return complete ? EXIT.done : EXIT.failed;
  } finally {
    process.off('SIGINT', stop);
    await source.close();
    await target.close();
  }
}

interface Paths {
  from: string;
  to: string;
}

function bar({ step, done, total }: MigrationProgress): string {
  const verb = step === 'copying' ? t`Copying` : t`Comparing`;
  const of = t`${whole(done)} of ${whole(Math.max(done, total))}`;
  return `${verb} ${progressBar(total === 0 ? 1 : done / total)} ${of}  `;
}

async function tell({ from, to }: Paths, result: Migration, terminal: Terminal): Promise<void> {
  const { adopted, present, differing, refused, unreadable, mismatches, months, interrupted } = result;
  if (interrupted) {
    await say(
      terminal,
      t`Interrupted. ${counted(adopted, 'record')} are in ${to}, and ${from} is as it was. The same command goes on from there.`,
    );
    return;
  }
  for (const [ids, why] of [
    [differing, t`have a different record with the same id there, which is kept`],
    [refused.map(({ usageId, reason }) => `${usageId} (${reason})`), t`cannot be stored there`],
  ] as const) {
    if (ids.length === 0) continue;
    const more = ids.length > MOST_NAMED ? ', ...' : '';
    await warn(terminal, `${counted(ids.length, 'record')} ${why}: ${ids.slice(0, MOST_NAMED).join(', ')}${more}`);
  }
  if (unreadable > 0)
    await warn(terminal, t`${counted(unreadable, 'element')} of ${from} are not records and stay there.`);
  for (const { source, target } of mismatches) {
    await warn(terminal, t`${source.month}: ${monthText(source)} in ${from}, but ${monthText(target)} in ${to}.`);
  }
  if (mismatches.length > 0) {
    await say(
      terminal,
      t`The two ledgers differ: something changed them during the migration. Run the same command again.`,
    );
    return;
  }
  const sum = months.reduce((total, { nanos }) => total + nanos, 0n);
  const records = months.reduce((total, month) => total + month.records, 0);
  const before = present > 0 ? t`; ${whole(present)} were there already` : '';
  await terminal.out.line(
    t`Migrated ${counted(adopted, 'record')} from ${plain(from)} to ${plain(to)}${before}.\nChecked: ${counted(records, 'record')} in ${counted(months.length, 'month')}, ${formatUsdExact(sum)}, the same in both. ${plain(from)} is as it was.`,
  );
}

function monthText({ records, tokens, nanos }: MonthSums): string {
  return `${counted(records, 'record')}, ${counted(tokens, 'token')}, ${formatUsdExact(nanos)}`;
}

function migrationJson(paths: Paths, result: Migration): object {
  const month = ({ month: name, records, tokens, nanos }: MonthSums): object => ({
    month: name,
    records,
    total_tokens: exactNumber(tokens),
    cost_usd: nanosToUsd(nanos),
    cost_nanos: nanos.toString(),
  });
  const { records, adopted, present, differing, unreadable, interrupted } = result;
  return {
    ...paths,
    records,
    adopted,
    present,
    differing,
    refused: result.refused.map(({ usageId, reason }) => ({ usage_id: usageId, reason })),
    unreadable,
    interrupted,
    verified: !interrupted && result.mismatches.length === 0,
    months: result.months.map(month),
    mismatches: result.mismatches.map(({ source, target }) => ({ from: month(source), to: month(target) })),
  };
}

export const command: CommandSpec<MigrateFlags> = {
  summary: 'copy all records of one ledger into another',
  arguments: [
    { name: '<from>', help: 'the ledger to read; it is not changed' },
    {
      name: '<to>',
      help: 'the ledger to add to: .json, or .db or .sqlite for big histories; created if it is missing',
    },
  ],
  options: [],
  examples: ['llm-spend migrate costs.json costs.db', 'llm-spend migrate old.db costs.db --json'],
  run: ({ flags, words: [from, to], terminal }) => migrateLedger(from as string, to as string, flags, terminal),
};
