import type { CommandSpec } from '../../command.ts';
import type { LedgerReprice } from '../../../ledger/reprice.ts';
import type { RepriceReason } from '../../../pricing/reprice.ts';
import { formatUsd, nanosToUsd, type Nanos } from '../../../usage/money.ts';
import { plain } from '../../../usage/text.ts';
import { confirmed } from '../../arguments/confirm.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, writeJson } from '../../output/json.ts';
import { withLedger, type LedgerFlag } from '../../arguments/ledgers.ts';
import { userPrices } from '../../userPrices.ts';
import { counted, whole } from '../../report/numbers.ts';
import { table } from '../../output/table.ts';
import { commandLine } from '../../arguments/shell.ts';
import { say, styled, type Terminal } from '../../output/terminal.ts';
import { t, tMessage } from '../../language/text.ts';

export interface RepriceFlags extends LedgerFlag {
  dryRun?: boolean;
  model?: string[];
  includeRecorded?: string[];
  yes?: boolean;
  json?: boolean;
}

const REASONS: Readonly<Record<RepriceReason, string>> = {
  'now-known': t`was unknown`,
  'price-changed': t`price corrected`,
  'wrong-list-price': t`inkwell's old list price`,
  asked: t`recorded, asked for`,
};

/** The records that got another cost, and those that another process had changed before. */
interface Written {
  changed: number;
  left: number;
}

/** `llm-spend reprice`: recomputes the costs of a ledger, shows the changes by model, and applies all of them at once. */
export async function reprice(flags: RepriceFlags, terminal: Terminal): Promise<number> {
  const dryRun = flags.dryRun === true;
  const asks = !dryRun && flags.yes !== true;
  if (asks && !(process.stdin.isTTY && terminal.err.isTTY)) {
    throw usageError(
      t`reprice: cannot ask for confirmation without a terminal. Confirm with --yes, or preview with --dry-run.`,
      '--yes',
    );
  }
  const { planLedgerReprice, writtenSelection } = await import('../../../ledger/reprice.ts');
  const pricer = await (await userPrices()).pricer();
  if (pricer === undefined) throw new CliError('prices', t`The prices cannot be read, so nothing can be priced.`);
  return withLedger(flags, async (ledger) => {
    const selection = writtenSelection(flags.model, flags.includeRecorded);
    const found = await planLedgerReprice(ledger, pricer, terminal.now(), selection);
    const { changes } = found;
    if (flags.json !== true) await terminal.out.line(planText(found, terminal));
    const written: Written = { changed: 0, left: 0 };
    if (!dryRun && changes.length > 0) {
      if (asks && !(await confirmed(t`Set ${counted(changes.length, 'cost')} in ${plain(ledger.path)}? [y/N] `))) {
        await say(terminal, t`Nothing was changed.`);
        return EXIT.failed;
      }
      const result = await ledger.setCosts(changes);
      written.changed = result.changed.length;
      written.left = result.missing.length + result.differing.length;
    }
    if (flags.json === true) {
      await writeJson(terminal.out, envelope('reprice', repriceJson(found, ledger.path, dryRun, written)));
      return EXIT.done;
    }
    if (dryRun) await terminal.out.line(`\n${t`Nothing was changed.`}`);
    else if (changes.length > 0) {
      const rest =
        written.left === 0
          ? ''
          : ` ${t`${counted(written.left, 'record')} had been changed by another process and were left as they are.`}`;
      const undo = plain(commandLine('undo', flags));
      await terminal.out.line(
        `\n${t`Repriced ${counted(written.changed, 'record')}.`}${rest} ${t`${undo} reverts this.`}`,
      );
    }
    return EXIT.done;
  });
}

function planText({ plan, changes, records }: LedgerReprice, { out }: Terminal): string {
  const options = { width: out.columns, head: (line: string): string => styled(out, 'bold', line) };
  const parts: string[] = [];
  if (changes.length === 0) parts.push(t`Nothing to reprice in ${counted(records, 'record')}.`);
  else {
    const sum = (part: 'before' | 'after'): Nanos => plan.groups.reduce((total, group) => total + group[part], 0n);
    const rows = plan.groups.map((group) => [
      group.provider,
      group.model,
      REASONS[group.reason],
      whole(group.records),
      group.reason === 'now-known' ? t`unknown` : formatUsd(group.before),
      formatUsd(group.after),
      signed(group.difference),
    ]);
    const unknown = plan.groups.reduce((n, { reason, records: more }) => n + (reason === 'now-known' ? more : 0), 0);
    const known = unknown === changes.length ? [] : [formatUsd(sum('before'))];
    const before = [...known, ...(unknown === 0 ? [] : [t`${whole(unknown)} unpriced`])].join(' + ');
    rows.push([t`Total`, '', '', whole(changes.length), before, formatUsd(sum('after')), signed(plan.difference)]);
    parts.push(
      table(
        [
          { title: t`Provider`, shrinks: true, dropOrder: 2 },
          { title: t`Model`, shrinks: true },
          { title: t`Why`, shrinks: true, dropOrder: 1 },
          { title: t`Records`, align: 'right' },
          { title: t`Before`, align: 'right' },
          { title: t`After`, align: 'right' },
          { title: t`Difference`, align: 'right' },
        ],
        rows,
        { ...options, footer: true },
      ),
    );
  }
  if (plan.unpriced.length > 0) {
    const rows = plan.unpriced.map(({ provider, model, records: n, message }) => [
      provider,
      model,
      whole(n),
      tMessage(message),
    ]);
    const columns = [
      { title: t`Provider`, shrinks: true, dropOrder: 1 },
      { title: t`Model`, shrinks: true },
      { title: t`Records`, align: 'right' },
      { title: t`Why`, shrinks: true, dropOrder: 2 },
    ] as const;
    parts.push(`${styled(out, 'bold', t`Still unpriced`)}\n${table(columns, rows, options)}`);
  }
  parts.push(
    t`${counted(plan.unchanged, 'cost')} as before; ${counted(plan.recorded, 'cost')} recorded by the caller, not changed.`,
  );
  return parts.join('\n\n');
}

/** `+$1.20`, `-$0.35`. */
function signed(nanos: Nanos): string {
  return nanos > 0n ? `+${formatUsd(nanos)}` : formatUsd(nanos);
}

function repriceJson(
  { plan, changes, records }: LedgerReprice,
  ledger: string,
  dryRun: boolean,
  { changed, left }: Written,
): object {
  return {
    ledger,
    dry_run: dryRun,
    records,
    to_change: changes.length,
    changed,
    changed_meanwhile: left,
    unchanged: plan.unchanged,
    recorded: plan.recorded,
    difference_usd: nanosToUsd(plan.difference),
    difference_nanos: plan.difference.toString(),
    groups: plan.groups.map((group) => ({
      provider: group.provider,
      model: group.model,
      reason: group.reason,
      records: group.records,
      before_usd: group.reason === 'now-known' ? null : nanosToUsd(group.before),
      after_usd: nanosToUsd(group.after),
      difference_usd: nanosToUsd(group.difference),
      difference_nanos: group.difference.toString(),
    })),
    unpriced: plan.unpriced,
  };
}

export const command: CommandSpec<RepriceFlags> = {
  summary: 'recompute unknown costs, and costs estimated with a price that has changed',
  options: [
    { flags: '--dry-run', help: 'show what would change for each model, and change nothing' },
    {
      flags: '--model <name>',
      help: "only this model, or a pattern such as 'claude-*' (repeatable)",
      repeatable: true,
    },
    {
      flags: '--include-recorded <name>',
      help: 'also replace costs that the caller recorded, for this model, pattern or record id (repeatable)',
      repeatable: true,
    },
    { flags: '--yes', help: 'do not ask for confirmation' },
  ],
  examples: ['llm-spend reprice --dry-run', "llm-spend reprice --model 'claude-*' --yes", 'llm-spend undo'],
  run: ({ flags, terminal }) => reprice(flags, terminal),
};
