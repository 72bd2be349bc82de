import { readEntries } from '../reading/entries.ts';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf } from '../fields.ts';
import { Occurrences, settleEntry } from '../generic/index.ts';
import { usageId } from '../reading/identity.ts';
import { logRecord } from '../record.ts';
import type { FoundUsage, Source } from '../source.ts';

/** LiteLLM's spend logs: rows of its table `LiteLLM_SpendLogs`, as returned by `/spend/logs` or by an export of the table. */
export const liteLlm: Source = {
  id: 'litellm',
  title: 'LiteLLM',
  agent: null,
  locate: () => [],
  matches: (relative) => /\.(jsonl|ndjson|json|csv)$/i.test(relative),
  reading: () => ({
    kind: 'whole',
    read: async (file, sink, room) => {
      const counter = new Occurrences();
      await readEntries(
        file,
        sink,
        ({ fields, line }) => {
          const found = usageOf(fields, counter);
          if (typeof found === 'string') sink.skip(found, undefined, line);
          else sink.usage(found, line);
        },
        room,
      );
    },
  }),
  settle: settleEntry,
};

const SOURCE = 'litellm';

function usageOf(row: Fields, counter: Occurrences): FoundUsage | 'no-time' | 'not-a-usage' {
  const timestamp = timeOf(row['startTime']) ?? timeOf(`${String(row['startTime']).replace(' ', 'T')}Z`);
  if (timestamp === undefined) return 'no-time';
  const model = textOf(row['model']);
  if (model === undefined) return 'not-a-usage';
  const usage = fieldsOf(metadataOf(row['metadata'])?.['usage_object']);
  const details = fieldsOf(usage?.['prompt_tokens_details']);
  const input = count(row['prompt_tokens']);
  const output = count(row['completion_tokens']);
  const cacheRead = Math.min(input, count(usage?.['cache_read_input_tokens'] ?? details?.['cached_tokens']));
  const cacheWrite = Math.min(input - cacheRead, count(usage?.['cache_creation_input_tokens']));
  const spend = Number(row['spend']);
  const id = textOf(row['request_id']);
  const [named, ...rest] = model.split('/');
  const provider = textOf(row['custom_llm_provider']) ?? (rest.length > 0 ? named! : 'unknown');
  const record = logRecord({
    usageId: id === undefined ? counter.idOf(SOURCE, row) : usageId(SOURCE, [id]),
    source: SOURCE,
    provider: nameOf(provider),
    model: nameOf(rest.length > 0 && named === provider ? rest.join('/') : model),
    operation: nameOf(textOf(row['call_type']) ?? 'completion'),
    timestamp,
    tokens: { input, output, cacheRead, cacheWrite },
    session: labelOf(textOf(row['session_id'])),
    project: labelOf(firstText(row, 'team_alias', 'team_id')),
  });
  // The proxy's own accounting, which knows negotiated prices. It is 0 where the price is unknown.
  if (spend > 0) {
    Object.assign(record, { cost_usd: spend, cost_known: true, billing_mode: 'estimated', price_source: 'litellm' });
  }
  return { record };
}

/** In CSV, numbers are texts. */
function count(value: unknown): number {
  return countOf(typeof value === 'string' ? Number(value) : value);
}

function metadataOf(value: unknown): Fields | undefined {
  return fieldsOf(typeof value === 'string' ? parseJson(value) : value);
}
