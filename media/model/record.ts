import type { RecordRow } from '../../src/protocol/messages.ts';
import { FIELDS } from '../../src/usage/fields.ts';
import { usdToNanos } from '../../src/usage/money.ts';
import { costKind, isCovered } from '../../src/usage/query.ts';
import { plain } from '../../src/usage/text.ts';
import type { Format } from './format.ts';
import { provenance } from './names.ts';
import { t } from './texts.ts';

/** Cost in the list: `$0.0123`, `~$0.0123` if computed, `$0.0123 plan` if a plan covers it, `unpriced`. In USD if its day has no rate. */
export function recordCost({ record, amount }: RecordRow, format: Format): string {
  const kind = costKind({ ...record, price_source: text(record['price_source']) });
  if (kind === 'unknown') return t('unpriced');
  const money =
    amount === undefined ? format.usdInColumn(usdToNanos(record.cost_usd)) : format.moneyInColumn(BigInt(amount));
  return planMarked(`${kind === 'estimated' ? '~' : ''}${money}`, record);
}

/** Marks an amount that a plan or credits cover, because it is not included in the totals of paid costs. */
function planMarked(amount: string, record: RecordRow['record']): string {
  return isCovered(record['charge']) ? t('{0} plan', amount) : amount;
}

/** A line of the detail view. */
export interface Field {
  name: string;
  value: string;
}

/** Fields that the detail view shows in another form. */
const ELSEWHERE = new Set(['timestamp', 'cost_usd', 'cost_known']);
const SHOWN = FIELDS.filter(({ name }) => !ELSEWHERE.has(name));
const KNOWN: ReadonlySet<string> = new Set(FIELDS.map(({ name }) => name));
const LONGEST_UNKNOWN = 2000;

/** All fields of a record for display, known fields first and in table order. */
export function recordFields(row: RecordRow, ledgerLabel: string, format: Format): Field[] {
  const { record, amount } = row;
  const exact = record.cost_known ? planMarked(format.usdExact(usdToNanos(record.cost_usd)), record) : t('unpriced');
  const known = SHOWN.filter(({ name }) => present(record[name]));
  const unknown = Object.keys(record).filter((field) => !KNOWN.has(field));
  return [
    { name: t('Time'), value: format.timeExact(Date.parse(record.timestamp)) },
    ...(amount === undefined
      ? []
      : [
          {
            name: t('Cost in {0}', format.currency?.code ?? ''),
            value: planMarked(format.moneyExact(BigInt(amount)), record),
          },
        ]),
    { name: amount === undefined ? t('Cost') : t('Cost as stored'), value: exact },
    { name: t('Where the cost comes from'), value: provenance(record) },
    ...known.map(({ name, label }) => ({ name: t(label), value: show(record[name], format) })),
    ...unknown.map((field) => ({ name: plain(field, { max: 80 }), value: show(record[field], format) })),
    { name: t('Ledger'), value: plain(ledgerLabel) },
  ];
}

/** The record as JSON, as stored in a ledger. */
export function recordJson(record: RecordRow['record']): string {
  return JSON.stringify(record, null, 2);
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}

/** A field's value as one line; empty for null and undefined. */
export function fieldText(value: unknown, format: Format): string {
  return present(value) ? show(value, format) : '';
}

function show(value: unknown, format: Format): string {
  if (typeof value === 'number') return format.count(value);
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return value.map((tag) => plain(tag)).join(', ');
  return plain(JSON.stringify(value) ?? '', { max: LONGEST_UNKNOWN });
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
