import type { Dimension, PageQuery, SortKey } from '../../../usage/query.ts';
import type { UsageRecord } from '../../../usage/record.ts';
import type { Sql } from '../server/connection.ts';
import { decodeText, tryRecord } from '../rows.ts';
import { aggregateStored, type Asked } from './aggregate.ts';
import { columnOfDimension, conditionOf, Parameters } from './conditions.ts';
import { timeRange } from './pieces.ts';

const NUMBER_KEYS: Partial<Record<SortKey, string>> = {
  cost: 'coalesce(r.cost_nanos, -1)',
  tokens: 'r.total_tokens',
  input: 'r.input_tokens',
  output: 'r.output_tokens',
};

/** One page of the matching records, in the order documented at `UsageTable.select`. */
export async function pageStored(
  sql: Sql,
  asked: Asked,
  query: PageQuery,
): Promise<{ total: number; records: UsageRecord[] }> {
  const { filter, sort, descending, offset, limit } = query;
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const [all] = await aggregateStored(sql, asked, { filter, groupBy: [], calendar });
  const total = all!.totals.records;
  if (limit === 0 || offset >= total) return { total, records: [] };
  const parameters = new Parameters();
  const ledger = parameters.add(asked.ledgerId, 'TEXT');
  const { series, records } = conditionOf(filter, asked.name, asked.excluded, parameters);
  const { low, high } = timeRange(filter);
  const isText = sort !== 'time' && NUMBER_KEYS[sort] === undefined;
  const needsSeries = series.length > 0 || records.some((term) => term.includes('s.')) || isText;
  const ranks = isText ? await ranksOf(sql, asked.ledgerId, sort as Dimension, parameters) : undefined;
  const direction = descending ? 'DESC' : 'ASC';
  const keys = [ranks ? 'k.rank' : NUMBER_KEYS[sort], 'r.time_ms', 'r.seq'].filter((key) => key !== undefined);
  const terms = [
    `r.ledger_id = ${ledger} AND r.counts AND r.series_id <> ''`,
    `r.time_ms >= ${parameters.add(low, 'BIGINT')} AND r.time_ms < ${parameters.add(high, 'BIGINT')}`,
    ...series,
    ...records,
  ];
  const rows = await sql(
    `SELECT r.usage_key, r.text FROM llm_spend.record r
     ${needsSeries ? 'JOIN llm_spend.series s ON s.ledger_id = r.ledger_id AND s.series_id = r.series_id' : ''}
     ${ranks ?? ''} WHERE ${terms.join(' AND ')}
     ORDER BY ${keys.map((key) => `${key} ${direction}`).join(', ')}
     LIMIT ${parameters.add(limit, 'BIGINT')} OFFSET ${parameters.add(offset, 'BIGINT')}`,
    parameters.values,
  );
  return { total, records: rows.flatMap((row) => tryRecord(row['usage_key']!, row['text']!) ?? []) };
}

/**
 * Joins the rank of each value of a dimension in the order of UTF-16 units, which no collation of a server has. The values are
 * those of `series`, so they are few.
 */
async function ranksOf(sql: Sql, ledgerId: string, dimension: Dimension, parameters: Parameters): Promise<string> {
  const column = columnOfDimension(dimension);
  const rows = await sql(`SELECT DISTINCT ${column} AS value FROM llm_spend.series s WHERE ledger_id = $1`, [ledgerId]);
  const values = rows.map((row) => row['value']!).sort((a, b) => (decodeText(a) < decodeText(b) ? -1 : 1));
  const texts = parameters.add(values, 'TEXT[]');
  const ranks = parameters.add(
    values.map((_, i) => i),
    'BIGINT[]',
  );
  return `JOIN unnest(${texts}, ${ranks}) AS k(value, rank) ON k.value = ${column}`;
}
