import { createHash } from 'node:crypto';
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  closeSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errno } from '../system/errno.ts';
import { defaultLedgerPath } from '../system/paths.ts';
import type { BudgetState } from './budgetState.ts';

/**
 * Warns once: the process that creates the file of a crossing shows the message, over all windows and commands. A process that died
 * between its claim and its message is replaced after the lease.
 */

const LEASE_MS = 60_000;
/** Claims of periods that ended so long ago are removed. */
const KEPT_MS = 400 * 86_400_000;
/** Attempts that died; more of them mean that something else is wrong. */
const MOST_ATTEMPTS = 10;

interface Claim {
  pid: number;
  /** ms since the epoch. */
  at: number;
  isShown: boolean;
}

export function claimsFolder(folder: string = dirname(defaultLedgerPath())): string {
  return join(folder, 'alerts');
}

/** A level that was reached, claimed by this process. */
export interface ClaimedCrossing {
  level: number;
  /** To be called once the message is on its way. Never throws. */
  shown: () => void;
}

/**
 * Claims the highest level that a budget has reached. The lower ones are claimed with it, so that one message speaks of all.
 * @returns undefined when there is none, or another process has claimed it.
 */
export function claimCrossing(
  state: BudgetState,
  now: number,
  folder: string = claimsFolder(),
): ClaimedCrossing | undefined {
  const { level, budget } = state;
  if (level === undefined) return undefined;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = claim(join(folder, claimName(state, level)), now);
  if (file === undefined) return undefined;
  for (const lower of budget.levels.filter((each) => each < level)) {
    const path = claim(join(folder, claimName(state, lower)), now);
    if (path !== undefined) write(path, { pid: process.pid, at: now, isShown: true });
  }
  removeOld(folder, now);
  return { level, shown: () => write(file, { pid: process.pid, at: now, isShown: true }) };
}

/** A raised amount is another crossing; so is another period, or the same one in another time zone. */
function claimName({ budget, period }: BudgetState, level: number): string {
  const { name, amount, currency, filter, search } = budget;
  const identity = JSON.stringify([name, amount, currency, filter, search, period.key]);
  return `${createHash('sha256').update(identity).digest('hex').slice(0, 24)}-${level}`;
}

/** Creates the claim's file, or the next one where its holder died. @returns its path; undefined when it is taken. */
function claim(base: string, now: number): string | undefined {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const path = attempt === 0 ? base : `${base}.${attempt}`;
    try {
      const fd = openSync(path, 'wx', 0o600);
      try {
        writeSync(fd, JSON.stringify({ pid: process.pid, at: now, isShown: false } satisfies Claim));
      } finally {
        closeSync(fd);
      }
      return path;
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error;
    }
    if (isHeld(path, now)) return undefined;
  }
  return undefined;
}

/** Whether a claim was shown, or its holder may still show it. */
function isHeld(path: string, now: number): boolean {
  try {
    const { at, isShown } = JSON.parse(readFileSync(path, 'utf8')) as Claim;
    return isShown || Math.abs(now - at) < LEASE_MS;
  } catch {
    // Another process is writing it in this moment.
    return true;
  }
}

function write(path: string, content: Claim): void {
  try {
    writeFileSync(path, JSON.stringify(content));
  } catch {
    // The message is shown; at worst it is shown again after the lease.
  }
}

function removeOld(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    try {
      const { at } = JSON.parse(readFileSync(path, 'utf8')) as Claim;
      if (now - at > KEPT_MS) unlinkSync(path);
    } catch {
      // Not ours, or removed by another process.
    }
  }
}

/** Keeps a budget from warning until then, in every window. */
export function snooze(state: BudgetState, until: number, folder: string = claimsFolder()): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, snoozeName(state)), JSON.stringify({ at: until, until }), { mode: 0o600 });
}

/** undefined: the budget is not snoozed. */
export function snoozedUntil(state: BudgetState, now: number, folder: string = claimsFolder()): number | undefined {
  try {
    const { until } = JSON.parse(readFileSync(join(folder, snoozeName(state)), 'utf8')) as { until?: unknown };
    return typeof until === 'number' && until > now ? until : undefined;
  } catch {
    return undefined;
  }
}

function snoozeName(state: BudgetState): string {
  return `${claimName(state, 0)}-snooze`;
}
