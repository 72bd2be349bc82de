import { createHash } from 'node:crypto';
import {
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  closeSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errno } from '../system/errno.ts';
import { alertsFolder, lasts } from './alertsFolder.ts';
import { limitOf } from './budget.ts';
import type { BudgetState } from './budgetState.ts';
import { makeFolders } from '../system/paths.ts';

/**
 * Warns once: the process that creates the file of a crossing shows the message, over all windows and commands. A process that died
 * between its claim and its message is replaced after the lease.
 */

/** How long a process has to show a message that it has claimed. */
export const LEASE_MS = 60_000;
/** Claims of periods that ended so long ago are removed. */
const KEPT_MS = 400 * 86_400_000;
/** Attempts that died; more of them mean that something else is wrong. */
const MOST_ATTEMPTS = 10;

interface Claim {
  pid: number;
  /** ms since the epoch. */
  at: number;
  isShown: boolean;
  /** The shared id of a warning that was shown while the other machines could not be reached. */
  unreported?: string;
}

/** A level that was reached, claimed by this process. */
export interface ClaimedCrossing {
  level: number;
  /** When a lower level of the same period was claimed, ms since the epoch; undefined: never. */
  lowerAt: number | undefined;
  /** To be called once the message is on its way. Never throws. @param unreported see {@link Claim}. */
  shown: (unreported?: string) => void;
  /** Gives the claim back without a message. Never throws. */
  release: () => void;
}

/** Crossings that this process has claimed in a folder that cannot be written. */
const claimedHere = new Set<string>();

/**
 * Claims the highest level that a budget has reached. The lower ones are claimed with it, so that one message speaks of all.
 * Where the folder cannot be written, each process warns once.
 * @returns undefined when there is none, or another process has claimed it.
 */
export function claimCrossing(
  state: BudgetState,
  now: number,
  folder: string = alertsFolder(),
  leaseMs: number = LEASE_MS,
): ClaimedCrossing | undefined {
  const { level, budget } = state;
  if (level === undefined) return undefined;
  const name = join(folder, claimName(state, level));
  const lower = budget.levels.filter((each) => each < level).map((each) => join(folder, claimName(state, each)));
  try {
    makeFolders(folder, 0o700);
    const file = claim(name, now, leaseMs);
    if (file === undefined) return undefined;
    const lowerAt = lower.reduce<number | undefined>((latest, path) => later(latest, claimedAt(path)), undefined);
    for (const each of lower) {
      const path = claim(each, now, leaseMs);
      if (path !== undefined) write(path, { pid: process.pid, at: now, isShown: true });
    }
    removeOld(folder, now);
    return {
      level,
      lowerAt,
      shown: (unreported) =>
        write(file, { pid: process.pid, at: now, isShown: true, ...(unreported && { unreported }) }),
      release: () => rmSync(file, { force: true }),
    };
  } catch {
    if (claimedHere.has(name)) return undefined;
    for (const each of [name, ...lower]) claimedHere.add(each);
    return { level, lowerAt: undefined, shown: () => undefined, release: () => claimedHere.delete(name) };
  }
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function claimedAt(path: string): number | undefined {
  return readClaim(path)?.at;
}

/** A raised amount is another crossing; so is another period, or the same one in another time zone. */
function claimName({ budget, period }: BudgetState, level: number): string {
  const { name, amount, currency, filter, search, plan, scope } = budget;
  const identity = JSON.stringify([
    name,
    amount,
    currency,
    filter,
    search,
    period.key,
    ...(plan === true ? [plan] : []),
    ...(scope === undefined ? [] : [scope]),
  ]);
  return `${createHash('sha256').update(identity).digest('hex').slice(0, 24)}-${level}`;
}

/** Equal for the same warning in all processes. */
export const warningId = claimName;

/**
 * Names a warning, equal on all machines for budgets with the same name, amount, period and filter. It is a hash, so that nothing of
 * the budget leaves this machine.
 * @param user whose machines share it, if it is a budget of one person.
 */
export function sharedWarningId({ budget, period }: BudgetState, level: number, user: string): string {
  const { name, currency, filter = {}, search, plan, scope } = budget;
  // The form and the command order filters differently.
  const values = Object.entries(filter)
    .map(([dimension, list]) => [dimension, list.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const whose = scope === 'me' ? user : '';
  const rest = [currency, values, search, plan === true, scope, whose, period.key, level];
  const identity = JSON.stringify([name, `${limitOf(budget)}`, ...rest]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/** Creates the claim's file, or the next one where its holder died. @returns its path; undefined when it is taken. */
function claim(base: string, now: number, leaseMs: number): string | undefined {
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
    if (isHeld(path, now, leaseMs)) return undefined;
  }
  return undefined;
}

/** Whether a claim was shown, or its holder may still show it. */
function isHeld(path: string, now: number, leaseMs: number): boolean {
  try {
    const { at, isShown } = JSON.parse(readFileSync(path, 'utf8')) as Claim;
    return isShown || Math.abs(now - at) < leaseMs;
  } catch {
    // Another process is writing it in this moment, or was killed while it did.
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    return Math.abs(now - modified) < leaseMs;
  }
}

/** Returns when the claim of another process expires, if it has not shown the message yet; undefined: it has, or there is none. */
export function leaseEnd(
  state: BudgetState,
  now: number,
  folder: string = alertsFolder(),
  leaseMs: number = LEASE_MS,
): number | undefined {
  const base = join(folder, claimName(state, state.level!));
  for (let attempt = MOST_ATTEMPTS - 1; attempt >= 0; attempt--) {
    const path = attempt === 0 ? base : `${base}.${attempt}`;
    try {
      const { at, isShown } = JSON.parse(readFileSync(path, 'utf8')) as Claim;
      return isShown ? undefined : Math.max(now, at + leaseMs);
    } catch (error) {
      // In this moment another process writes it.
      if (errno(error) !== 'ENOENT') return now + leaseMs;
    }
  }
  return undefined;
}

function write(path: string, content: Claim): void {
  try {
    writeFileSync(path, JSON.stringify(content));
  } catch {
    // The message is shown; at worst it is shown again after the lease.
  }
}

/** Reports to the other machines the warnings that were shown while they could not be reached. @throws {Error} when they cannot be now. */
export async function reportUnreported(
  noteShown: (ids: readonly string[]) => Promise<void>,
  folder: string = alertsFolder(),
): Promise<void> {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name);
    const { unreported, ...claim } = readClaim(path) ?? {};
    if (unreported === undefined) continue;
    await noteShown([unreported]);
    write(path, claim as Claim);
  }
}

function readClaim(path: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Claim;
  } catch {
    // Not ours, or removed by another process.
    return undefined;
  }
}

function removeOld(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const at = readClaim(path)?.at ?? now;
    if (now - at > KEPT_MS) rmSync(path, { force: true });
  }
}

/** Keeps a budget from warning until then, tomorrow at the latest, in every window. */
export function snooze(state: BudgetState, until: number, folder: string = alertsFolder()): void {
  makeFolders(folder, 0o700);
  writeFileSync(join(folder, snoozeName(state)), JSON.stringify({ at: until, until }), { mode: 0o600 });
}

export function endSnooze(state: BudgetState, folder: string = alertsFolder()): void {
  rmSync(join(folder, snoozeName(state)), { force: true });
}

/** undefined: the budget is not snoozed. */
export function snoozedUntil(state: BudgetState, now: number, folder: string = alertsFolder()): number | undefined {
  try {
    const { until } = JSON.parse(readFileSync(join(folder, snoozeName(state)), 'utf8')) as { until?: unknown };
    return lasts(until, now) ? until : undefined;
  } catch {
    return undefined;
  }
}

function snoozeName(state: BudgetState): string {
  return `${claimName(state, 0)}-snooze`;
}
