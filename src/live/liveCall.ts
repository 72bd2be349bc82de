import type { FoundUsage } from '../sources/source.ts';

/** A call that breaks a rule of the ledger. It is not recorded, and the sender receives the reason. */
export interface Rejection {
  reason: string;
  /** The place of the record or span in its request, from 1. */
  position?: number;
}

/** undefined: a record or span that is not a single model call. */
export type LiveCall = FoundUsage | Rejection | undefined;

/** The ids of a span and of the one around it, each with that of their trace. */
export interface SpanIds {
  key: string;
  parent: string | undefined;
}

/** A log record or span of a request. */
export interface LiveReport {
  call: LiveCall;
  /** undefined for a log record. */
  span?: SpanIds | undefined;
}

export function isRejection(call: FoundUsage | Rejection): call is Rejection {
  return 'reason' in call;
}

/** Each reason of the first three, with the places where it applies. */
export function reasonsOf(rejections: readonly Rejection[]): string {
  const places = new Map<string, number[]>();
  for (const { reason, position = 0 } of rejections) {
    const known = places.get(reason);
    if (known === undefined) places.set(reason, [position]);
    else known.push(position);
  }
  const reasons = [...places].slice(0, 3).map(([reason, at]) => {
    const more = at.length > MOST_PLACES ? `, and ${at.length - MOST_PLACES} more` : '';
    return `${reason} (records ${at.slice(0, MOST_PLACES).join(', ')}${more})`;
  });
  return reasons.join('; ');
}

const MOST_PLACES = 20;

/** The calls among them, without rejections. */
export function usagesOf(calls: Iterable<LiveCall>): FoundUsage[] {
  return [...calls].filter((call): call is FoundUsage => call !== undefined && !isRejection(call));
}

/** Exporters write numbers as integers, doubles or texts. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
