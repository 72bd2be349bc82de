import { usdToNanos } from '../../usage/money.ts';
import { costKind, isCovered, type StoredUsage } from '../../usage/query.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { zoneOf } from '../../usage/time/zone.ts';
import { table, type Column, type TableOptions } from '../output/table.ts';
import type { Money } from './money.ts';
import { whole } from './numbers.ts';
import { t } from '../language/text.ts';

/** `$0.0042`, `~$0.0042` if computed from prices, `$0.0042 plan` if a plan covers it, `unknown` if unknown. */
function recordCost(record: UsageRecord, money: Money): string {
  const kind = costKind(record);
  if (kind === 'unknown') return t`unknown`;
  const amount = `${kind === 'estimated' ? '~' : ''}${money.ofRecord(record, usdToNanos(record.cost_usd))}`;
  return isCovered(record['charge']) ? t`${amount} plan` : amount;
}

/** The latest records, one per line, in local time. */
export function recordsTable(
  rows: readonly StoredUsage[],
  timeZone: string,
  money: Money,
  options: TableOptions,
): string {
  const zone = zoneOf(timeZone);
  const has = (field: 'project' | 'episode_title' | 'price_source'): boolean =>
    rows.some(({ record }) => Boolean(record[field]));
  const project = has('project');
  const episode = has('episode_title');
  const priced = has('price_source');
  const columns: Column[] = [
    { title: t`Time` },
    { title: t`Provider`, shrinks: true, dropOrder: 2 },
    { title: t`Model`, shrinks: true },
    { title: t`Operation`, shrinks: true, dropOrder: 3 },
    ...(project ? [{ title: t`Project`, shrinks: true, dropOrder: 5 }] : []),
    ...(episode ? [{ title: t`Episode`, shrinks: true, dropOrder: 4 }] : []),
    { title: t`Input`, align: 'right', dropOrder: 1 },
    { title: t`Output`, align: 'right', dropOrder: 1 },
    { title: t`Cost`, align: 'right' },
    ...(priced ? [{ title: t`Priced by`, shrinks: true, dropOrder: 6 }] : []),
  ];
  const lines = rows.map(({ record }) => [
    new Date(zone.toLocal(Date.parse(record.timestamp))).toISOString().slice(0, 16).replace('T', ' '),
    record.provider,
    record.model,
    record.operation,
    ...(project ? [record.project ?? ''] : []),
    ...(episode ? [record.episode_title ?? ''] : []),
    whole(record.input_tokens),
    whole(record.output_tokens),
    recordCost(record, money),
    ...(priced ? [record.price_source ?? ''] : []),
  ]);
  return table(columns, lines, options);
}
