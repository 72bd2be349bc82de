import type { ChartBucket } from '../../src/protocol/choices.ts';
import type { LedgerInfo, RecordRow } from '../../src/protocol/messages.ts';
import type { Period } from '../../src/usage/time/period.ts';
import { DIMENSION_LABELS } from '../../src/usage/dimensions.ts';
import { costKind, isCovered } from '../../src/usage/query.ts';
import type { CostKind, Dimension } from '../../src/usage/query.ts';
import { plain } from '../../src/usage/text.ts';
import { t } from './texts.ts';

/** Descriptions of the period that each period is compared with. */
export const BEFORE_NAMES: Record<Period | 'dates', string> = {
  today: 'the same time yesterday',
  yesterday: 'the day before',
  last7days: 'the previous 7 days',
  last30days: 'the previous 30 days',
  week: 'the same time last week',
  month: 'the same time last month',
  lastMonth: 'the month before',
  year: 'the same time last year',
  all: 'nothing',
  dates: 'the previous period',
};

/** A value offered by a filter: its name and its size. */
export interface Offer {
  value: string | null;
  name: string;
  detail: string;
}

export function bucketNames(): Record<ChartBucket, string> {
  return { hour: t('Hour'), day: t('Day'), week: t('Week'), month: t('Month') };
}

/** The display name of a dimension. */
export function dimensionName(dimension: Dimension): string {
  return t(DIMENSION_LABELS[dimension]);
}

const COST_NAMES: Record<CostKind, string> = {
  recorded: 'Recorded',
  estimated: 'Estimated',
  unknown: 'Price unknown',
};

/**
 * The display name of a value of a dimension: the record's text with invisible characters made visible, or a name for an empty
 * value.
 */
export function dimensionValueName(dimension: Dimension, value: string | null, ledgers: readonly LedgerInfo[]): string {
  if (value === null) return t('No {0}', dimensionName(dimension).toLowerCase());
  if (dimension === 'cost' && Object.hasOwn(COST_NAMES, value)) return t(COST_NAMES[value as CostKind]);
  if (dimension === 'ledger') return plain(ledgers.find(({ path }) => path === value)?.label ?? value);
  return plain(value) || t('(empty)');
}

/** Explains the origin of a record's cost in one sentence. */
export function provenance(record: RecordRow['record']): string {
  const origin = originOf(record);
  if (!record.cost_known || !isCovered(record['charge'])) return origin;
  return `${origin} ${t('A plan or credits cover it, so it is not part of the cost.')}`;
}

function originOf(record: RecordRow['record']): string {
  const { price_source: given } = record;
  const priceSource = typeof given === 'string' && given !== '' ? plain(given) : undefined;
  switch (costKind({ ...record, price_source: priceSource ?? null })) {
    case 'unknown':
      return t('Price unknown. Not included in totals.');
    case 'estimated':
      return priceSource === undefined
        ? t('Estimated by the program that recorded it.')
        : t('Estimated from its tokens at the prices of {0}.', priceSource);
    case 'recorded':
      return t('Reported by the program that recorded the call.');
  }
}
