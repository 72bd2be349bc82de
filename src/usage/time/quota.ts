/** Quota windows of a plan: how much is used, and whether it lasts at this pace. */

export interface QuotaWindow {
  /** `5 h`, `week`. */
  name: string;
  /** 0 to 100. */
  usedPercent: number;
  /** ms since the epoch. */
  resetsAt: number;
  lengthMs: number;
}

/** Share of a window before which its pace says nothing. */
const EARLY = 0.1;
const HOUR_MS = 3_600_000;
const LENGTHS: readonly (readonly [field: string, name: string, lengthMs: number])[] = [
  ['five_hour', '5 h', 5 * HOUR_MS],
  ['seven_day', 'week', 7 * 24 * HOUR_MS],
];

/** Reads `rate_limits` as Claude Code passes it on stdin. Windows that have ended or are malformed are left out. */
export function quotaWindows(limits: unknown, now: number): QuotaWindow[] {
  if (typeof limits !== 'object' || limits === null) return [];
  return LENGTHS.flatMap(([field, name, lengthMs]) => {
    const { used_percentage: used, resets_at: resets } = ((limits as Record<string, unknown>)[field] ?? {}) as Record<
      string,
      unknown
    >;
    const resetsAt = typeof resets === 'number' ? resets * 1000 : typeof resets === 'string' ? Date.parse(resets) : NaN;
    const isValid = typeof used === 'number' && used >= 0 && used <= 1000 && resetsAt > now;
    return isValid ? [{ name, usedPercent: used, resetsAt, lengthMs }] : [];
  });
}

/**
 * When the quota is used up at the pace so far, ms since the epoch; `lasts` if not before it resets; undefined early in a window,
 * where the pace says nothing.
 */
export function quotaEnd({ usedPercent, resetsAt, lengthMs }: QuotaWindow, now: number): number | 'lasts' | undefined {
  const elapsed = now - (resetsAt - lengthMs);
  if (elapsed < lengthMs * EARLY || elapsed > lengthMs) return undefined;
  if (usedPercent >= 100) return now;
  if (usedPercent === 0) return 'lasts';
  const end = now + ((100 - usedPercent) * elapsed) / usedPercent;
  return end < resetsAt ? end : 'lasts';
}
