import type { UsageRecord } from '../../usage/record.ts';
import { readEntries } from '../reading/entries.ts';
import type { Fields } from '../fields.ts';
import { countOf, labelOf, nameOf, textOf, timeOf } from '../fields.ts';
import { sha1, usageId } from '../reading/identity.ts';
import { logRecord } from '../record.ts';
import type { FoundUsage, Source } from '../source.ts';
import { vendorOf } from '../vendors.ts';
import { MAPPED_LABELS, USUAL_NAMES, type MappedField, type Mapping } from './mapping.ts';

/** NDJSON, JSON and CSV of any program, with common field names or those that the user gives. */
export function genericSource(mapping: Mapping = {}): Source {
  return {
    id: 'file',
    title: 'File',
    agent: null,
    locate: () => [],
    matches: (relative) => /\.(jsonl|ndjson|json|csv|tsv)$/i.test(relative),
    reading: () => ({
      kind: 'whole',
      read: async (file, sink, room) => {
        const counter = new Occurrences();
        await readEntries(
          file,
          sink,
          ({ fields, line }) => {
            const found = usageOf(fields, mapping, counter);
            if (typeof found === 'string') sink.skip(found, undefined, line);
            else sink.usage(found, line);
          },
          room,
        );
      },
    }),
    settle: settleEntry,
  };
}

/** A file contains its program's latest data, so a record with the same id and other content is replaced. */
export function settleEntry(
  candidate: UsageRecord,
  get: (id: string) => UsageRecord | undefined,
): readonly UsageRecord[] {
  const there = get(candidate.usage_id);
  return there !== undefined && sameUsage(candidate, there) ? [] : [candidate];
}

/** Numbers equal entries without an id: first, second, ... Two equal calls are two calls. */
export class Occurrences {
  readonly #seen = new Map<string, number>();

  idOf(source: string, fields: Fields): string {
    const says = sha1(JSON.stringify(fields), 'base64');
    const times = (this.#seen.get(says) ?? 0) + 1;
    this.#seen.set(says, times);
    return usageId(source, [says, times]);
  }
}

function usageOf(fields: Fields, mapping: Mapping, counter: Occurrences): FoundUsage | 'no-time' | 'not-a-usage' {
  const value = (field: MappedField): unknown => {
    const named = mapping[field];
    if (named !== undefined) return fields[named];
    return USUAL_NAMES.get(field)
      ?.map((name) => fields[name])
      .find((each) => each !== undefined && each !== null && each !== '');
  };
  const tokens = (field: MappedField): number => countOf(numberOf(value(field)));
  const model = textOf(value('model'));
  const at = value('timestamp');
  const timestamp = timeOf(typeof at === 'string' && /^\d+(\.\d+)?$/.test(at) ? Number(at) : at) ?? utcTimeOf(at);
  if (timestamp === undefined) return 'no-time';
  const cacheRead = tokens('cache_read_tokens');
  const cacheWrite = tokens('cache_write_tokens');
  const input = Math.max(tokens('input_tokens'), cacheRead + cacheWrite);
  const output = tokens('output_tokens');
  const cost = numberOf(value('cost_usd'));
  const priced = cost !== undefined;
  if (model === undefined || (input + output === 0 && !priced)) return 'not-a-usage';
  const id = value('id');
  const record = logRecord({
    usageId: typeof id === 'string' || typeof id === 'number' ? usageId('file', [id]) : counter.idOf('file', fields),
    source: 'file',
    provider: nameOf(textOf(value('provider')) ?? vendorOf(model) ?? 'unknown'),
    model: nameOf(model),
    operation: nameOf(textOf(value('operation')) ?? 'chat'),
    timestamp,
    tokens: { input, output, cacheRead, cacheWrite, reasoning: Math.min(tokens('reasoning_tokens'), output) },
    more: Object.fromEntries(MAPPED_LABELS.map((field) => [field, labelOf(textOf(value(field)))])),
  });
  if (priced) Object.assign(record, { cost_usd: cost, cost_known: true, billing_mode: 'known' });
  return { record };
}

/** `1200`, `"1200"`, `"0.0042"`, `"$1.50"`; undefined for anything else. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim().replace(/^\$/, '');
  return /^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** A time without an offset is assumed to be UTC, as databases write it. */
function utcTimeOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return timeOf(`${text}T00:00:00Z`);
  return timeOf(`${text.replace(' ', 'T')}Z`);
}

function sameUsage(a: UsageRecord, b: UsageRecord): boolean {
  const cost = (record: UsageRecord): unknown => (record.billing_mode === 'known' ? record.cost_usd : undefined);
  return (
    a.input_tokens === b.input_tokens &&
    a.output_tokens === b.output_tokens &&
    a.cache_read_tokens === b.cache_read_tokens &&
    a.cache_write_tokens === b.cache_write_tokens &&
    a.model === b.model &&
    a.timestamp === b.timestamp &&
    cost(a) === cost(b)
  );
}
