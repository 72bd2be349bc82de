import { FIELDS } from '../../../usage/fields.ts';
import { MAX_STORED_COST } from '../../../usage/limits.ts';
import { nanosToUsd, usdToNanos } from '../../../usage/money.ts';
import { isUnreadable, NAME_FIELDS, readStored } from '../../../usage/stored.ts';
import { idOf, keyOf, type Row } from '../rows.ts';

/**
 * Makes a record of a row whose text is damaged: id, time and cost are in its columns, too. Other fields are kept where they can
 * be read, and the record gets the tag {@link DAMAGED_TAG}.
 */

/** Marks records some of whose fields could not be read. */
export const DAMAGED_TAG = 'damaged';

const UNREADABLE_NAME = 'unknown';
const LAST_TIME = 253_402_300_799_999;
const FIELD_NAMES: ReadonlySet<string> = new Set(FIELDS.map(({ name }) => name));
const STRING = String.raw`"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrtu])*"`;
const MEMBER = new RegExp(
  String.raw`"([a-z_\d]+)":(${STRING}|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|\[(?:${STRING},?)*\])(?=[,}])`,
  'g',
);

/** A row as a damaged database has it: each column may be of any type. Numbers are decimal texts. */
export type DamagedRow = Readonly<
  Record<'seq' | 'usage_id' | 'text', unknown> & Partial<Record<'time_ms' | 'cost_kind' | 'cost_nanos', unknown>>
>;

/** Selects a {@link DamagedRow}: node:sqlite refuses integers beyond 2^53, which damage makes. */
export const DAMAGED_COLUMNS =
  'seq, usage_id, CAST(time_ms AS TEXT) AS time_ms, cost_kind, CAST(cost_nanos AS TEXT) AS cost_nanos, text';

type Members = Record<string, unknown>;

/** undefined for a row that never was a record, or of which too little is left. */
export function rescuedRow(row: DamagedRow): Row | undefined {
  const { seq, usage_id: key } = row;
  if (typeof key !== 'string' || key === '' || key.includes('\uFFFD')) return undefined;
  const cost = costIn(row)?.members;
  const members = typeof row.text === 'string' ? membersOf(row.text) : {};
  const isRecord = NAME_FIELDS.some((name) => typeof members[name] === 'string') && cost !== undefined;
  if (!isRecord && (cost === undefined || cost.cost_known === false)) return undefined;
  const other = members['usage_id'];
  Object.assign(members, cost, { usage_id: idOf(key) });
  if (!isTime(members['timestamp'])) {
    const time = timeIn(row);
    if (time === undefined) return undefined;
    members['timestamp'] = new Date(time).toISOString();
  }
  const record = readableOf(members);
  if (!record) return undefined;
  const tags = Array.isArray(record['tags']) ? record['tags'] : [];
  record['tags'] = [...tags.filter((tag) => tag !== DAMAGED_TAG), DAMAGED_TAG];
  const isOther = typeof other === 'string' && other !== '' && keyOf(other) !== key;
  return {
    seq: Number(seq),
    usage_id: key,
    text: JSON.stringify(record),
    ...(isOther ? { otherId: keyOf(other) } : {}),
  };
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

/** The time in its column; undefined if that is damaged. */
export function timeIn({ time_ms }: DamagedRow): number | undefined {
  const time = Number(time_ms);
  return time > 0 && time <= LAST_TIME ? time : undefined;
}

/** The cost in its columns, null if it is unknown, and the fields that say it; undefined if the columns are damaged. */
export function costIn({
  cost_kind: kind,
  cost_nanos: amount,
}: DamagedRow): { nanos: bigint | null; members: Members } | undefined {
  if (kind === 'unknown') {
    return amount === null ? { nanos: null, members: { cost_usd: 0, cost_known: false } } : undefined;
  }
  if ((kind !== 'recorded' && kind !== 'estimated') || typeof amount !== 'string' || !/^\d{1,19}$/.test(amount)) {
    return undefined;
  }
  const nanos = BigInt(amount);
  if (nanos > usdToNanos(MAX_STORED_COST)) return undefined;
  const mode = kind === 'estimated' ? { billing_mode: 'estimated' } : { billing_mode: 'known', price_source: null };
  return { nanos, members: { cost_usd: nanosToUsd(nanos), cost_known: true, ...mode } };
}

/** The known fields that can be read; all of them if the text is JSON. */
function membersOf(text: string): Members {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    const members: Members = {};
    for (const [, name = '', value = ''] of text.matchAll(MEMBER)) {
      if (FIELD_NAMES.has(name) && !Object.hasOwn(members, name)) members[name] = parsed(value);
    }
    return members;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Without the fields that no record may have; names that cannot be read are "unknown". */
function readableOf(members: Members): Members | undefined {
  const names: readonly string[] = NAME_FIELDS;
  for (;;) {
    const read = readStored({ ...members }, () => '');
    if (!isUnreadable(read)) return members;
    const field = read.unreadable.slice(0, read.unreadable.indexOf(' '));
    if (names.includes(field)) members[field] = UNREADABLE_NAME;
    else if (members[field] !== undefined) delete members[field];
    else return undefined;
  }
}

/** The step of a repair that kept so many records of which a part is damaged. */
export function rescuedText(count: number): string {
  return `records with damaged texts or columns, tagged "${DAMAGED_TAG}": ${count}`;
}
