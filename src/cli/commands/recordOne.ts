import { nanosToDecimal, usdToNanos } from '../../usage/money.ts';
import { costKind } from '../../usage/query.ts';
import { wantsPrice } from '../../pricing/apply.ts';
import { UsageError, type UsageInput, type UsageRecord } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { amount, wholeNumber } from '../arguments/arguments.ts';
import { CliError, EXIT, usageError } from '../output/exit.ts';
import { envelope, recordCostNanos, writeJson } from '../output/json.ts';
import { flagOfField, type RecordFlags } from '../arguments/recordFlags.ts';
import { withOpened, type Opener } from '../arguments/oneLedger.ts';
import { whyUnpriced, type Unpriced } from '../report/unpriced.ts';
import { whyWaiting } from '../report/waiting.ts';
import { whole } from '../report/numbers.ts';
import { say, warn, type Terminal } from '../output/terminal.ts';

/** `llm-spend record` with the record in its arguments. */
export async function recordOne(flags: RecordFlags, terminal: Terminal, open: Opener): Promise<number> {
  const input = inputOf(flags);
  const stored = await withOpened(flags, open, async (ledger) => {
    try {
      const record = await ledger.track(input);
      return { record, path: ledger.path, waiting: await whyWaiting(ledger) };
    } catch (error) {
      throw error instanceof UsageError ? asFlag(error) : error;
    }
  });
  const { record, path, waiting } = stored;
  const unpriced = wantsPrice(input) && !record.cost_known ? await whyUnpriced(record, flags) : undefined;
  if (flags.json === true) {
    const body = {
      status: 'recorded',
      ...recordedJson(record, unpriced),
      ledger: path,
      ...(waiting === undefined ? {} : { waiting }),
    };
    await writeJson(terminal.out, envelope('record', body));
  } else {
    await terminal.out.line(`Recorded ${recordLine(record)}`);
    if (unpriced !== undefined) await say(terminal, `cost unknown: ${unpriced.message}`);
  }
  if (waiting === undefined) return EXIT.done;
  await warn(terminal, waiting);
  return EXIT.waiting;
}

/** @throws {CliError} for a flag that is missing or no number. */
export function inputOf(flags: RecordFlags): UsageInput {
  const { provider, model, operation } = flags;
  for (const [flag, value] of Object.entries({ provider, model, operation })) {
    if (value === undefined) {
      throw usageError(`--${flag}: is required. See: llm-spend record --help`, `--${flag}`);
    }
  }
  const tokens = (flag: string, value: string | undefined): number | undefined =>
    value === undefined ? undefined : wholeNumber(flag, value);
  return {
    provider: provider ?? '',
    model: model ?? '',
    operation: operation ?? '',
    ...withoutGaps({
      usage_id: flags.id,
      input_tokens: tokens('--input-tokens', flags.inputTokens),
      output_tokens: tokens('--output-tokens', flags.outputTokens),
      cost_usd: flags.costUsd === undefined ? undefined : amount('--cost-usd', flags.costUsd),
      timestamp: flags.timestamp,
      episode_title: flags.episode,
      cache_read_tokens: tokens('--cache-read-tokens', flags.cacheReadTokens),
      cache_write_tokens: tokens('--cache-write-tokens', flags.cacheWriteTokens),
      cache_write_1h_tokens: tokens('--cache-write-1h-tokens', flags.cacheWrite1hTokens),
      reasoning_tokens: tokens('--reasoning-tokens', flags.reasoningTokens),
      project: flags.project,
      branch: flags.branch,
      session_id: flags.session,
      tags: flags.tag,
      note: flags.note,
    }),
  };
}

/**
 * What was stored, and by which price, for a person: `$0.0042 · openai gpt-5 · chat · 1,200 in, 350 out · id 3f2…`,
 * `$0.06 estimated, genai-prices 0.1.8 2026-09-23 anthropic/claude-sonnet-4-5 · …`.
 */
export function recordLine(record: UsageRecord): string {
  const kind = costKind(record);
  const known = exactUsd(record.cost_usd);
  const source = record.price_source ? `, ${record.price_source}` : '';
  const cost = kind === 'unknown' ? 'cost unknown' : kind === 'estimated' ? `${known} estimated${source}` : known;
  const parts = [
    cost,
    `${record.provider} ${record.model}`,
    record.operation,
    `${whole(record.input_tokens)} in, ${whole(record.output_tokens)} out`,
    `id ${record.usage_id}`,
  ];
  return plain(parts.join(' · '));
}

/** To the last nano-dollar, and without `Intl`: see {@link whole}. */
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

/** The person gave a flag, so the error names the flag. */
export function asFlag(error: UsageError): CliError {
  const [field = ''] = error.field.split('.');
  const flag = flagOfField(field);
  const message = flag === undefined ? error.message : error.message.replace(error.field, flag);
  return new CliError('refused', `${message}. Nothing was recorded.`, {
    exitCode: EXIT.usage,
    field: flag ?? error.field,
  });
}

function withoutGaps<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
