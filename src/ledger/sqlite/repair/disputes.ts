import { usdToNanos } from '../../../usage/money.ts';
import type { UsageRecord } from '../../../usage/record.ts';
import { withFields } from '../../elementText.ts';
import type { Connection } from '../connection.ts';
import { findRow, idOf, restoredRow, tryRecordOf, type Row } from '../rows.ts';
import { costIn, DAMAGED_TAG, timeIn, type DamagedRow } from './rescue.ts';

/**
 * A row states the id, time and cost of its record twice: in columns and in the record's text. Where both can be read and differ,
 * one of them is damaged, or another program changed it. The text is believed, because it is the record, and more of its bits make
 * it unreadable when they change. An id has a third copy in the index, which decides. The record gets the tag
 * {@link DAMAGED_TAG} unless that is so, and the field {@link OTHERWISE} keeps the other statement.
 */

const OTHERWISE = 'damaged';
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
// oxlint-disable-next-line no-control-regex -- damage makes control characters
const UNLIKELY = /[\u0000-\u001f\u007f\uFFFD]/;

type Members = Record<string, unknown>;

/** The time and cost of the columns where they differ from the record or are damaged; undefined if they agree. */
function otherwise(row: DamagedRow, record: UsageRecord): Members | undefined {
  // Rows that once were those of other programs have no time.
  if (row.time_ms === '0') return undefined;
  const [time, cost] = [timeIn(row), costIn(row)];
  if (time === undefined || cost === undefined || typeof row.usage_id !== 'string') return {};
  const other: Members = {};
  if (time !== Date.parse(record.timestamp)) other['timestamp'] = new Date(time).toISOString();
  if (cost.nanos !== (record.cost_known ? usdToNanos(record.cost_usd) : null)) {
    other['cost_usd'] = cost.members['cost_usd'];
    if (cost.nanos === null) other['cost_known'] = false;
  }
  return Object.keys(other).length > 0 ? other : undefined;
}

/** The row with a mark if its columns say otherwise, or cannot confirm what the text says; the row itself if they agree. */
export function marked(row: Row, damaged: DamagedRow): Row {
  const record = tryRecordOf(row);
  const other = record && otherwise(damaged, record);
  return other ? withMark(row, other) : row;
}

function withMark(row: Row, other: Members): Row {
  const record = tryRecordOf(row);
  const tags = (record?.tags ?? []).filter((tag) => tag !== DAMAGED_TAG);
  const before = (record as Members | undefined)?.[OTHERWISE];
  const kept: Members = typeof before === 'object' ? { ...before, ...other } : other;
  const fields = { tags: [...tags, DAMAGED_TAG], ...(Object.keys(kept).length > 0 ? { [OTHERWISE]: kept } : {}) };
  return { ...row, text: withFields(row.text, fields), mark: DAMAGED_TAG };
}

/**
 * The row to write for one of a database whose structure is in order; undefined if its two statements agree. The id in its column
 * is also that in the index.
 */
export function unified(damaged: DamagedRow): Row | undefined {
  const restored = restoredRow(damaged);
  if (!restored) return undefined;
  const { otherId, usage_id: own } = restored;
  const row = otherId === undefined ? restored : withMark(renamed(restored, otherId), { usage_id: idOf(own) });
  const result = marked(row, damaged);
  return result.mark === undefined ? undefined : result;
}

/** The row of a record that another change has replaced since, in a way that is not known. */
export function outdated(row: Row): Row {
  return withMark(row, {});
}

/** Decides between the two ids of a row, `usage_id` in its text and `otherId` in its column. */
export function settled(row: Row, isInIndex: (key: string) => boolean): Row {
  const [inText, inColumn] = [row.usage_id, row.otherId ?? row.usage_id];
  if (isInIndex(inText) !== isInIndex(inColumn)) return isInIndex(inColumn) ? renamed(row, inColumn) : row;
  const isColumn = likelihood(inColumn) >= likelihood(inText);
  const chosen = isColumn ? renamed(row, inColumn) : row;
  return withMark(chosen, { usage_id: idOf(isColumn ? inText : inColumn) });
}

function likelihood(key: string): number {
  return UUID.test(key) ? 2 : UNLIKELY.test(key) ? 0 : 1;
}

function renamed(row: Row, key: string): Row {
  return { ...row, usage_id: key, otherId: row.usage_id, text: withFields(row.text, { usage_id: idOf(key) }) };
}

/**
 * The row as it can be added to a ledger; undefined if its record is there already under either id. Damage can also turn the id
 * of one record into that of another, which is there as well.
 */
export function placed(connection: Connection, row: Row): Row | undefined {
  if (row.otherId === undefined) return row;
  const mine = findRow(connection, idOf(row.usage_id));
  const other = findRow(connection, idOf(row.otherId));
  // Without a mark, the index has decided that the other id is not that of this row.
  const known = row.mark === undefined ? [mine] : [mine, other];
  if (known.some((found) => found !== undefined && isSame(found, row))) return undefined;
  return mine !== undefined && other === undefined ? renamed(row, row.otherId) : row;
}

const OUR_FIELDS: ReadonlySet<string> = new Set(['usage_id', 'tags', OTHERWISE]);

/** Whether two rows state the same call, apart from its id and marks. Calls made at once may have the same time and cost. */
function isSame(a: Row, b: Row): boolean {
  const [one, two] = [a, b].map((row) =>
    JSON.stringify(Object.entries(tryRecordOf(row) ?? {}).filter(([field]) => !OUR_FIELDS.has(field))),
  );
  return one === two;
}
