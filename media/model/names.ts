import type { LedgerInfo, Row } from '../../src/protocol/messages.ts';
import type { Period } from '../../src/usage/time/period.ts';
import { costKind } from '../../src/usage/query.ts';
import type { CostKind, Dimension } from '../../src/usage/query.ts';
import type { BillingMode } from '../../src/usage/record.ts';
import { plain } from '../../src/usage/text.ts';

export const DIMENSION_NAMES: Record<Dimension, string> = {
  ledger: 'Ledger',
  provider: 'Provider',
  model: 'Model',
  operation: 'Operation',
  project: 'Project',
  branch: 'Branch',
  session: 'Session',
  tag: 'Tag',
  source: 'Source',
  episode: 'Episode',
  cost: 'Kind of cost',
};

export const PERIOD_NAMES: Record<Period, string> = {
  today: 'Today',
  yesterday: 'Yesterday',
  last7days: 'Last 7 days',
  last30days: 'Last 30 days',
  week: 'This week',
  month: 'This month',
  lastMonth: 'Last month',
  year: 'This year',
  all: 'All time',
};

/** What a period is compared with, in words. */
export const BEFORE_NAMES: Record<Period | 'dates', string> = {
  today: 'yesterday by now',
  yesterday: 'the day before',
  last7days: 'the 7 days before',
  last30days: 'the 30 days before',
  week: 'last week by now',
  month: 'last month by now',
  lastMonth: 'the month before',
  year: 'last year by now',
  all: 'nothing',
  dates: 'the days before',
};

/** A value that a filter offers: its name, and how much it stands for. */
export interface Offer {
  value: string | null;
  name: string;
  detail: string;
}

const COST_NAMES: Record<CostKind, string> = {
  recorded: 'Recorded',
  estimated: 'Estimated',
  unknown: 'Unpriced',
};

/** What a value of a dimension is called: the record's own text made visible, or words for what has none. */
export function valueName(dimension: Dimension, value: string | null, ledgers: readonly LedgerInfo[]): string {
  if (value === null) return `No ${DIMENSION_NAMES[dimension].toLowerCase()}`;
  if (dimension === 'cost' && Object.hasOwn(COST_NAMES, value)) return COST_NAMES[value as CostKind];
  if (dimension === 'ledger') return plain(ledgers.find(({ path }) => path === value)?.label ?? value);
  return plain(value) || '(empty)';
}

const BILLING: Record<BillingMode, string> = {
  known: 'known',
  estimated: 'estimated',
  runtime_managed: 'billed by someone else',
};

/** Where a record's cost comes from, as one sentence. */
export function provenance(record: Row['record']): string {
  const priceSource = typeof record['price_source'] === 'string' ? plain(record['price_source']) : undefined;
  switch (costKind({ ...record, price_source: priceSource ?? null })) {
    case 'unknown':
      return `Unpriced: nobody knows what this call cost (${BILLING[record.billing_mode]}). It is in no sum.`;
    case 'estimated':
      return priceSource === undefined
        ? 'Estimated by whoever recorded it.'
        : `Estimated from its tokens, by the prices of ${priceSource}.`;
    case 'recorded':
      return 'Recorded: the cost was given by whoever recorded the call.';
  }
}
