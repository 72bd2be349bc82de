import type { Tracked } from '../../ledger/results.ts';
import { nanosToDecimal, usdToNanos } from '../../usage/money.ts';
import { costKind, isCovered } from '../../usage/query.ts';
import { wantsPrice } from '../../pricing/apply.ts';
import { UsageError, type UsageInput, type UsageRecord } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { amount, wholeNumber } from '../arguments/arguments.ts';
import { CliError, EXIT, usageError } from '../output/exit.ts';
import { envelope, recordCostNanos, writeJson } from '../output/json.ts';
import { flagName, flagOfField, RECORD_OPTIONS, valueOf } from '../arguments/recordFlags.ts';
import type { RecordFlags, RecordOption } from '../arguments/recordFlags.ts';
import { withOpened, type Opener } from '../arguments/oneLedger.ts';
import { whyUnpriced, type Unpriced } from '../report/unpriced.ts';
import { whyIncomplete, whyWaiting } from '../report/waiting.ts';
import { whole } from '../report/numbers.ts';
import { say, warn, type Terminal } from '../output/terminal.ts';
import { t } from '../language/text.ts';

/** `llm-spend record` with the record in its arguments. */
export async function recordOne(flags: RecordFlags, terminal: Terminal, open: Opener): Promise<number> {
  return recordInput(inputOf(flags), flags, terminal, open);
}

/** Records a usage, and prints the stored record. */
export async function recordInput(
  input: UsageInput,
  flags: RecordFlags,
  terminal: Terminal,
  open: Opener,
): Promise<number> {
  const stored = await withOpened(flags, open, async (ledger) => {
    try {
      const [tracked] = await ledger.trackWithStatus([input]);
      const waiting = await whyWaiting(ledger);
      return { tracked: tracked!, path: ledger.path, waiting, incomplete: await whyIncomplete(ledger) };
    } catch (error) {
      throw error instanceof UsageError ? asFlag(error) : error;
    }
  });
  const { tracked, path, waiting, incomplete } = stored;
  const { record } = tracked;
  const unpriced = wantsPrice(input) && !record.cost_known ? await whyUnpriced(record, flags) : undefined;
  if (flags.json === true) {
    const body = {
      ...statusJson(tracked),
      ...recordedJson(record, unpriced),
      ledger: path,
      ...(waiting === undefined ? {} : { waiting }),
      ...(incomplete === undefined ? {} : { incomplete }),
    };
    await writeJson(terminal.out, envelope('record', body));
  } else {
    await terminal.out.line(trackedLine(tracked));
    if (unpriced !== undefined) await say(terminal, t`cost unknown: ${unpriced.message}`);
  }
  if (incomplete !== undefined) await warn(terminal, incomplete);
  if (waiting === undefined) return EXIT.done;
  await warn(terminal, waiting);
  return EXIT.waiting;
}

/** @throws {CliError} for a missing flag or an invalid number. */
export function inputOf(flags: RecordFlags): UsageInput {
  const { provider, model, operation } = flags;
  const missing = Object.entries({ provider, model, operation }).flatMap(([name, value]) =>
    value === undefined ? [`--${name}`] : [],
  );
  const [first] = missing;
  if (first !== undefined) {
    const line = t`Or write the call in one line: llm-spend record gpt-5 12k 800. See: llm-spend record --help`;
    const names = missing.join(', ');
    const required = missing.length === 1 ? t`${names}: is required.` : t`${names}: are required.`;
    throw usageError(`${required} ${line}`, first);
  }
  return { provider: provider ?? '', model: model ?? '', operation: operation ?? '', ...givenFields(flags) };
}

/**
 * The fields of the record that the flags give.
 * @throws {CliError} for an invalid number.
 */
export function givenFields(flags: RecordFlags): Record<string, unknown> {
  const given = RECORD_OPTIONS.flatMap((option) => {
    const value = valueOf(flags, option);
    return value === undefined ? [] : [[option.field, parsed(option, value)] as const];
  });
  return Object.fromEntries(given);
}

function parsed(option: RecordOption, value: string | string[]): unknown {
  if (typeof value !== 'string') return value;
  if (option.rule === 'tokens') return wholeNumber(flagName(option), value);
  return option.rule === 'cost' ? amount(flagName(option), value) : value;
}

/**
 * Describes the stored record and the price applied: `$0.0042 · openai gpt-5 · chat · 1,200 in, 350 out · id 3f2…`, `about $0.06
 * (genai-prices 0.1.8 2026-09-23 anthropic/claude-sonnet-4-5) · …`.
 */
export function recordLine(record: UsageRecord): string {
  const kind = costKind(record);
  const known = exactUsd(record.cost_usd);
  const source = record.price_source ? ` (${record.price_source})` : '';
  const cost = kind === 'unknown' ? t`cost unknown` : kind === 'estimated' ? t`about ${known}${source}` : known;
  const isPlan = kind !== 'unknown' && isCovered(record['charge']);
  const parts = [
    isPlan ? t`${cost}, covered by a plan` : cost,
    `${record.provider} ${record.model}`,
    record.operation,
    t`${whole(record.input_tokens)} in, ${whole(record.output_tokens)} out`,
    t`id ${record.usage_id}`,
  ];
  return plain(parts.join(' · '));
}

/** Whether the record was added now: a retry is acknowledged like the first attempt, but adds nothing. */
export function trackedLine({ status, record }: Tracked): string {
  return status === 'present' ? t`Already recorded ${recordLine(record)}` : t`Recorded ${recordLine(record)}`;
}

/** `status` means that the record is in the ledger; `already_recorded` that it was there before. */
export function statusJson({ status }: Pick<Tracked, 'status'>): object {
  return { status: 'recorded', ...(status === 'present' ? { already_recorded: true } : {}) };
}

/** Exact to the nano-dollar, and without `Intl`: see {@link whole}. */
function exactUsd(usd: number): string {
  const [dollars = '0', cents = ''] = nanosToDecimal(usdToNanos(usd)).split('.');
  return `$${whole(dollars)}.${cents.padEnd(2, '0')}`;
}

export function recordedJson(record: UsageRecord, unpriced: Unpriced | undefined): Record<string, unknown> {
  return {
    usage_id: record.usage_id,
    cost_usd: record.cost_known ? record.cost_usd : null,
    cost_nanos: recordCostNanos(record),
    cost_kind: costKind(record),
    price_source: record.price_source ?? null,
    ...(unpriced === undefined ? {} : { unpriced }),
    record,
  };
}

/** The user gave a flag, so the error names the flag. */
export function asFlag(error: UsageError): CliError {
  const [field = ''] = error.field.split('.');
  const flag = flagOfField(field);
  const message = flag === undefined ? error.message : error.message.replace(error.field, flag);
  return new CliError('refused', t`${message}. Nothing was recorded.`, {
    exitCode: EXIT.usage,
    field: flag ?? error.field,
  });
}
