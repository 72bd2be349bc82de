import { isCovered, costKind, type CostKind } from '../../usage/query.ts';
import { usdToNanos } from '../../usage/money.ts';
import { UsageError, type UsageRecord } from '../../usage/record.ts';
import { isUnreadable, readStored } from '../../usage/stored.ts';
import { sha256 } from '../../system/random.ts';
import { FINE_COLUMNS, SERIES_COLUMNS, TOKEN_COLUMNS } from './columns.ts';

/** Records as rows of the tables `record` and `series`. */

/** A combination of dimensions. */
export interface Series {
  id: string;
  kind: CostKind;
  covered: boolean;
  /** Encoded values in the order of {@link SERIES_COLUMNS}. */
  values: string[];
  search: string;
}

/** A record, with the values of its columns. */
export interface ColumnRow {
  key: string;
  timeMs: number;
  series: Series;
  /** null if the cost is unknown. */
  nanos: bigint | null;
  /** In the order of {@link TOKEN_COLUMNS}. */
  tokens: number[];
  /** Encoded values in the order of {@link FINE_COLUMNS}. */
  fine: string[];
  /** The encoded tags, separated by line feeds. */
  tags: string;
  search: string;
  text: string;
}

const ESCAPE = '\u0001';
/** Longer ids would not fit into an index. */
const LONGEST_KEY = 500;
const LARGEST_INTEGER = 2n ** 63n - 1n;

/** Encodes a text for a column: TEXT can contain neither NUL nor lone surrogates, and lists of tags no line feeds. */
export function encodeText(value: string): string {
  if (value.isWellFormed() && !value.includes('\0') && !value.includes('\n') && !value.includes(ESCAPE)) return value;
  return ESCAPE + JSON.stringify(value);
}

export function decodeText(value: string): string {
  if (!value.startsWith(ESCAPE)) return value;
  try {
    return String(JSON.parse(value.slice(1)));
  } catch {
    // Another program wrote it.
    return value;
  }
}

/** The key of an id: the id itself, or its hash if it is too long for an index. The text has the id in any case. */
export function keyOfId(usageId: string): string {
  const encoded = encodeText(usageId);
  return encoded.length <= LONGEST_KEY ? encoded : `${ESCAPE}sha256:${sha256(Buffer.from(encoded))}`;
}

/** The id of a row. */
export function idOfRow(key: string, text: string): string {
  if (!key.startsWith(`${ESCAPE}sha256:`)) return decodeText(key);
  return tryRecord(key, text)?.usage_id ?? key;
}

/** Texts to search in, and words to search for: in lower case as JavaScript has it, and without what TEXT cannot contain. */
export function searchText(value: string): string {
  return value.toLowerCase().toWellFormed().replaceAll('\0', '\uFFFD');
}

/** @throws {Error} when the text is not a usage record. */
export function recordOfRow(key: string, text: string): UsageRecord {
  const read = readStored(JSON.parse(text), () => decodeText(key));
  if (isUnreadable(read)) throw new Error(`the record ${decodeText(key)} ${read.unreadable}`);
  return read;
}

/** {@link recordOfRow}; undefined when the text is not a usage record. */
export function tryRecord(key: string, text: string): UsageRecord | undefined {
  try {
    return recordOfRow(key, text);
  } catch {
    return undefined;
  }
}

/** @throws {UsageError} when the cost exceeds the maximum of a column. */
export function rowOf(record: UsageRecord, text: string): ColumnRow {
  const kind = costKind(record);
  const nanos = kind === 'unknown' ? null : usdToNanos(record.cost_usd);
  if (nanos !== null && nanos > LARGEST_INTEGER) {
    throw new UsageError('cost_usd', record.cost_usd, 'is more than a ledger in PostgreSQL can store');
  }
  const tags = [...new Set(record.tags ?? [])].filter((tag) => tag !== '');
  return {
    key: keyOfId(record.usage_id),
    timeMs: Date.parse(record.timestamp),
    series: seriesOf(record, kind),
    nanos,
    tokens: TOKEN_COLUMNS.map(({ field }) => (record[field] as number | undefined) ?? 0),
    fine: FINE_COLUMNS.map(({ field }) => encodeText(textIn(record, field))),
    tags: tags.map(encodeText).join('\n'),
    search: searchOf([
      ...FINE_COLUMNS.filter(({ searched }) => searched).map(({ field }) => textIn(record, field)),
      ...tags,
    ]),
    text: storable(text),
  };
}

/** Series by the values that make them, because most records belong to one of a few. */
const known = new Map<string, Series>();
const MOST_KNOWN = 20_000;

function seriesOf(record: UsageRecord, kind: CostKind): Series {
  const covered = isCovered(record['charge']);
  const texts = SERIES_COLUMNS.map(({ field }) => textIn(record, field));
  return makeSeries(kind, covered, texts);
}

/** @param texts the values in the order of {@link SERIES_COLUMNS}, as they are in a record. */
export function makeSeries(kind: CostKind, covered: boolean, texts: readonly string[]): Series {
  const name = JSON.stringify([kind, covered, ...texts]);
  const found = known.get(name);
  if (found !== undefined) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const series: Series = {
    id: sha256(Buffer.from(name)).slice(0, 32),
    kind,
    covered,
    values: texts.map(encodeText),
    search: searchOf(texts.filter((_, i) => SERIES_COLUMNS[i]!.searched)),
  };
  known.set(name, series);
  return series;
}

function textIn(record: UsageRecord, field: string): string {
  const value = record[field];
  return typeof value === 'string' ? value : '';
}

function searchOf(texts: readonly string[]): string {
  return searchText(texts.filter((each) => each !== '').join('\n'));
}

/** A lone surrogate within a text of JSON is part of a string, where its escape means the same. */
function storable(text: string): string {
  if (text.isWellFormed()) return text;
  return text.replace(/\p{Surrogate}/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}
