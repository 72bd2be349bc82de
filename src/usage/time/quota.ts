import { ownValue } from '../tables/ownValue.ts';

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

/** The state of a window, as an agent reported it. */
export interface QuotaSample extends QuotaWindow {
  /** `claude-code`, `codex`. */
  agent: string;
  /** Time of the report, ms since the epoch. */
  at: number;
}

/** Names of the agents that report a quota. */
const QUOTA_AGENTS: Readonly<Record<string, string>> = { 'claude-code': 'Claude Code', codex: 'Codex' };

/** The name of an agent that reports a quota. @param agent as a sample has it. */
export function quotaAgent(agent: string): string {
  return ownValue(QUOTA_AGENTS, agent) ?? agent;
}

/** Share of a window before which its pace says nothing. */
const EARLY = 0.1;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const LENGTHS: readonly (readonly [field: string, lengthMs: number])[] = [
  ['five_hour', 5 * HOUR_MS],
  ['seven_day', 7 * DAY_MS],
];
/** Agents round a window's length to minutes, and some are a minute short. */
const TOLERANCE = 0.02;

/** Reads `rate_limits` as Claude Code passes it on stdin. Windows that have ended or are malformed are left out. */
export function quotaWindows(limits: unknown, now: number): QuotaWindow[] {
  return LENGTHS.flatMap(([field, lengthMs]) => {
    const { used_percentage: used, resets_at: resets } = fieldsIn(fieldsIn(limits)[field]);
    return windowOf(used, timeOfReset(resets), lengthMs, now);
  });
}

/**
 * Reads `rate_limits` of one of Codex' `token_count` lines. `primary` and `secondary` say nothing about the length of the window: that
 * is `window_minutes`.
 * @param at the line's time, ms since the epoch.
 */
export function codexWindows(limits: unknown, at: number): QuotaWindow[] {
  return ['primary', 'secondary'].flatMap((field) => {
    const {
      used_percent: used,
      window_minutes: minutes,
      resets_at: time,
      resets_in_seconds: left,
    } = fieldsIn(fieldsIn(limits)[field]);
    if (typeof minutes !== 'number' || !(minutes > 0 && minutes <= 366 * 1440)) return [];
    const resets = typeof left === 'number' ? at + left * 1000 : timeOfReset(time);
    return windowOf(used, resets, classified(minutes * MINUTE_MS), at);
  });
}

function windowOf(used: unknown, resetsAt: number, lengthMs: number, now: number): QuotaWindow[] {
  const isValid =
    typeof used === 'number' && used >= 0 && used <= 1000 && resetsAt > now && resetsAt <= now + 2 * lengthMs;
  return isValid ? [{ name: windowName(lengthMs), usedPercent: used, resetsAt, lengthMs }] : [];
}

function fieldsIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Seconds since the epoch, or a text. */
function timeOfReset(value: unknown): number {
  return typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

/** The usual length that a reported one is meant to be. */
function classified(lengthMs: number): number {
  const usual = [5 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS];
  return usual.find((each) => Math.abs(lengthMs - each) <= each * TOLERANCE) ?? lengthMs;
}

function windowName(lengthMs: number): string {
  if (lengthMs === 7 * DAY_MS) return 'week';
  if (lengthMs === DAY_MS) return 'day';
  if (lengthMs === 30 * DAY_MS) return 'month';
  const [count, unit] = lengthMs % DAY_MS === 0 ? [lengthMs / DAY_MS, 'd'] : [lengthMs / HOUR_MS, 'h'];
  return `${Math.round(count * 10) / 10} ${unit}`;
}

/**
 * The current state of each window, shortest first for each agent. Samples of several sessions and machines tell of the same quota, so they
 * are never added: in the window that resets last, the highest share counts, which an idle session does not know yet.
 */
export function currentQuota(samples: readonly QuotaSample[], now: number): QuotaSample[] {
  const current = new Map<string, QuotaSample>();
  for (const sample of samples) {
    if (sample.resetsAt <= now || sample.at > now + MINUTE_MS) continue;
    const key = `${sample.agent} ${sample.lengthMs}`;
    const before = current.get(key);
    if (before === undefined || isNewer(sample, before)) current.set(key, sample);
  }
  return [...current.values()].sort((a, b) =>
    a.agent === b.agent ? a.lengthMs - b.lengthMs : a.agent < b.agent ? -1 : 1,
  );
}

function isNewer(sample: QuotaSample, than: QuotaSample): boolean {
  if (!isSameWindow(sample, than)) return sample.resetsAt > than.resetsAt;
  if (sample.usedPercent !== than.usedPercent) return sample.usedPercent > than.usedPercent;
  return sample.at > than.at;
}

/** Times of a reset that are computed from seconds left differ a little. */
function isSameWindow(a: QuotaSample, b: QuotaSample): boolean {
  return a.agent === b.agent && a.lengthMs === b.lengthMs && Math.abs(a.resetsAt - b.resetsAt) < a.lengthMs / 10;
}

/**
 * When the quota is used up at the pace of the whole window so far, ms since the epoch; `lasts` if not before it resets; undefined early
 * in a window, where the pace says nothing.
 */
export function quotaEnd({ usedPercent, resetsAt, lengthMs }: QuotaWindow, now: number): number | 'lasts' | undefined {
  const elapsed = now - (resetsAt - lengthMs);
  if (elapsed < lengthMs * EARLY || elapsed > lengthMs) return undefined;
  if (usedPercent >= 100) return now;
  if (usedPercent === 0) return 'lasts';
  const end = now + ((100 - usedPercent) * elapsed) / usedPercent;
  return end < resetsAt ? end : 'lasts';
}

/**
 * When a window's quota is used up at the pace of late: since a sample of the last fifth of the window where there is one, and else since the
 * window began. Undefined early in a window, and where that time has passed without a newer sample.
 */
export function sampledEnd(
  sample: QuotaSample,
  samples: readonly QuotaSample[],
  now: number,
): number | 'lasts' | undefined {
  const overall = quotaEnd(sample, sample.at);
  if (overall === undefined || sample.usedPercent >= 100) return overall === undefined ? undefined : now;
  const { lengthMs, at } = sample;
  const earlier = samples
    .filter((each) => isSameWindow(each, sample) && at - each.at <= lengthMs / 5 && at - each.at >= lengthMs / 30)
    .toSorted((a, b) => a.at - b.at)[0];
  let end = overall;
  if (earlier !== undefined) {
    const rate = (sample.usedPercent - earlier.usedPercent) / (at - earlier.at);
    end = rate > 0 ? at + (100 - sample.usedPercent) / rate : 'lasts';
  }
  if (end === 'lasts' || end >= sample.resetsAt) return 'lasts';
  return end > now ? end : undefined;
}

/** `40 min`, `3 h`, `12 days`. */
export function ageText(ms: number): string {
  const minutes = Math.max(0, Math.ceil(ms / MINUTE_MS));
  if (minutes < 90) return `${minutes} min`;
  return ms < 2 * DAY_MS ? `${Math.round(minutes / 60)} h` : `${Math.round(ms / DAY_MS)} days`;
}
