import type { Group, Totals } from '../usage/query.ts';

/**
 * Groups as they cross from host to webview: as one text. Two years of days and a chart by model are thousands of groups,
 * and between the two stand the editor's own processes; each would take arrays apart and put them together again, where a
 * text is copied as it is.
 *
 * Groups are set apart by `;`, their fields by `,`: for each grouping the index of the value in `texts`, then `rest`, then
 * the totals in the order of {@link COUNTS}, {@link MONEY} and `unconvertedNanos`. A field that is empty is 0, or absent
 * where it may be. Money is a decimal number of nano-dollars, for JSON has no bigint; where the snapshot names a
 * `currency`, the recorded and the estimated sum are amounts of it (see usage/amount.ts).
 */
export interface WireGroups {
  /** How many groupings there are: entries of each group's key. */
  depth: number;
  /** The distinct values of all keys. */
  texts: (string | null)[];
  groups: string;
}

const COUNTS = [
  'records',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'estimated',
  'unpriced',
] as const satisfies (keyof Totals)[];
const MONEY = ['recordedNanos', 'estimatedNanos'] as const satisfies (keyof Totals)[];
/** `rest` and `unconvertedNanos`. */
const OPTIONAL = 2;
/** Amounts of another currency have twelve digits more than nano-dollars, and up to ten for the rate. */
const NANOS = /^-?\d{1,60}$/;

export function encodeGroups(groups: readonly Group[]): WireGroups {
  const codes = new Map<string | null, number>();
  const rows: string[] = [];
  for (const { key, totals, rest } of groups) {
    let row = '';
    for (const text of key) {
      let code = codes.get(text);
      if (code === undefined) codes.set(text, (code = codes.size));
      row += `${code},`;
    }
    row += rest ?? '';
    for (const field of COUNTS) row += totals[field] === 0 ? ',' : `,${totals[field]}`;
    for (const field of MONEY) row += totals[field] === 0n ? ',' : `,${totals[field]}`;
    rows.push(`${row},${totals.unconvertedNanos ?? ''}`);
  }
  return { depth: groups[0]?.key.length ?? 0, texts: [...codes.keys()], groups: rows.join(';') };
}

/** @returns undefined for anything that is not whole. */
export function decodeGroups(value: unknown): Group[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { depth, texts, groups: rows } = value as Record<keyof WireGroups, unknown>;
  if (typeof depth !== 'number' || !isTexts(texts) || typeof rows !== 'string') return undefined;
  if (rows === '') return [];
  const groups: Group[] = [];
  for (const row of rows.split(';')) {
    const fields = row.split(',');
    if (fields.length !== depth + COUNTS.length + MONEY.length + OPTIONAL) return undefined;
    const group = decodeGroup(fields, depth, texts);
    if (group === undefined) return undefined;
    groups.push(group);
  }
  return groups;
}

function decodeGroup(fields: readonly string[], depth: number, texts: readonly (string | null)[]): Group | undefined {
  const key: (string | null)[] = [];
  for (let at = 0; at < depth; at++) {
    const text = texts[Number(fields[at] || Number.NaN)];
    if (text === undefined) return undefined;
    key.push(text);
  }
  const [rest = '', ...totals] = fields.slice(depth);
  const counts = totals.slice(0, COUNTS.length).map(Number);
  const [recorded = '', estimated = '', unconverted = ''] = totals.slice(COUNTS.length);
  if (counts.some(Number.isNaN) || Number.isNaN(Number(rest))) return undefined;
  if (![recorded, estimated, unconverted].every((nanos) => nanos === '' || NANOS.test(nanos))) return undefined;
  const [
    records = 0,
    input = 0,
    output = 0,
    total = 0,
    cacheRead = 0,
    cacheWrite = 0,
    reasoning = 0,
    priced = 0,
    unpriced = 0,
  ] = counts;
  const group: Group = {
    key,
    totals: {
      records,
      inputTokens: input,
      outputTokens: output,
      totalTokens: total,
      cacheReadTokens: cacheRead,
      cacheWriteTokens: cacheWrite,
      reasoningTokens: reasoning,
      recordedNanos: BigInt(recorded),
      estimatedNanos: BigInt(estimated),
      estimated: priced,
      unpriced,
    },
  };
  if (unconverted !== '') group.totals.unconvertedNanos = BigInt(unconverted);
  if (rest !== '') group.rest = Number(rest);
  return group;
}

function isTexts(value: unknown): value is (string | null)[] {
  return Array.isArray(value) && value.every((text) => text === null || typeof text === 'string');
}
