import type { Group, Totals } from '../usage/query.ts';

/**
 * Totals as they cross between host and webview: JSON has no bigint, so money is a decimal string of nano-dollars, and
 * a year of days by model is thousands of groups, so the fields are positions instead of names.
 *
 * Where the snapshot names a `currency`, the recorded and the estimated sum are amounts of it (see usage/amount.ts).
 */
export type WireTotals = readonly [
  records: number,
  inputTokens: number,
  outputTokens: number,
  totalTokens: number,
  cacheReadTokens: number,
  cacheWriteTokens: number,
  reasoningTokens: number,
  recordedNanos: string,
  estimatedNanos: string,
  estimated: number,
  unpriced: number,
  unconvertedNanos?: string,
];

export interface WireGroup {
  key: readonly (string | null)[];
  totals: WireTotals;
  /** How many values the last entry of `key` (then null) stands for, when the small ones were folded into one. */
  rest?: number | undefined;
}

/** A group, or the sum of the `rest` smallest ones. */
export interface FoldedGroup extends Group {
  rest?: number | undefined;
}

const NUMBERS_BEFORE_MONEY = 7;
const FIELDS = 11;
const UNCONVERTED = FIELDS;
/** Amounts of another currency have twelve digits more than nano-dollars, and up to ten for the rate. */
const NANOS = /^-?\d{1,60}$/;

export function encodeTotals(totals: Totals): WireTotals {
  const { unconvertedNanos } = totals;
  const wire = [
    totals.records,
    totals.inputTokens,
    totals.outputTokens,
    totals.totalTokens,
    totals.cacheReadTokens,
    totals.cacheWriteTokens,
    totals.reasoningTokens,
    totals.recordedNanos.toString(),
    totals.estimatedNanos.toString(),
    totals.estimated,
    totals.unpriced,
  ] as const;
  return unconvertedNanos === undefined ? wire : [...wire, unconvertedNanos.toString()];
}

export function decodeTotals(wire: WireTotals): Totals {
  const totals: Totals = {
    records: wire[0],
    inputTokens: wire[1],
    outputTokens: wire[2],
    totalTokens: wire[3],
    cacheReadTokens: wire[4],
    cacheWriteTokens: wire[5],
    reasoningTokens: wire[6],
    recordedNanos: BigInt(wire[7]),
    estimatedNanos: BigInt(wire[8]),
    estimated: wire[9],
    unpriced: wire[10],
  };
  if (wire[11] !== undefined) totals.unconvertedNanos = BigInt(wire[11]);
  return totals;
}

export function encodeGroup({ key, totals, rest }: FoldedGroup): WireGroup {
  return rest === undefined ? { key, totals: encodeTotals(totals) } : { key, totals: encodeTotals(totals), rest };
}

export function decodeGroup({ key, totals, rest }: WireGroup): FoldedGroup {
  const group: FoldedGroup = { key: [...key], totals: decodeTotals(totals) };
  if (rest !== undefined) group.rest = rest;
  return group;
}

/** Hand-written, because thousands of groups come within one frame. */
export function areWireGroups(value: unknown): value is WireGroup[] {
  return Array.isArray(value) && value.every(isWireGroup);
}

function isWireGroup(value: unknown): value is WireGroup {
  if (typeof value !== 'object' || value === null) return false;
  const { key, totals, rest } = value as Record<keyof WireGroup, unknown>;
  return (
    Array.isArray(key) &&
    key.every((part) => part === null || typeof part === 'string') &&
    Array.isArray(totals) &&
    (totals.length === FIELDS || totals.length === FIELDS + 1) &&
    totals.every((field, index) =>
      index === NUMBERS_BEFORE_MONEY || index === NUMBERS_BEFORE_MONEY + 1 || index === UNCONVERTED
        ? typeof field === 'string' && NANOS.test(field)
        : typeof field === 'number',
    ) &&
    (rest === undefined || typeof rest === 'number')
  );
}
