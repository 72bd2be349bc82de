import type { FoundUsage } from '../sources/source.ts';

/** A call that breaks a rule of the ledger. It is not recorded, and the sender receives the reason. */
export interface Rejection {
  reason: string;
}

/** undefined: a record or span that is not a single model call. */
export type LiveCall = FoundUsage | Rejection | undefined;

export function isRejection(call: FoundUsage | Rejection): call is Rejection {
  return 'reason' in call;
}

/** Exporters write numbers as integers, doubles or texts. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
