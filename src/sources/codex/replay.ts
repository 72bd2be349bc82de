import type { SourceFile } from '../source.ts';
import { countsKey, type Counts } from './counts.ts';
import { familyOf, type Family } from './family.ts';

/** The state of reading the beginning of a file, as JSON. */
export interface ReplayState {
  /** The sessions whose events the file may begin with, beginning with the one that was forked, or that started this one. */
  ancestors: string[];
  /** Whether the file says that its session is a fork. Files of other agents may also begin with a replay. */
  isFork: boolean;
  /** Start of the session, ms since the epoch. */
  start: number | undefined;
  /** Time at which the last event, or the last session name, was written, ms since the epoch. */
  lastAt: number | undefined;
  /** The running total of the last replayed event. */
  last: string | undefined;
  /** Whether only their times showed that the last events were replayed, so that the next pause ends the replay. */
  isByTime: boolean;
  /** Whether the session's own events have begun. */
  isOver: boolean;
  /** When the current turn began, ms since the epoch, if its id says so. */
  turnAt: number | undefined;
  /** Whether the session's own events may be a replay nevertheless, because the session that was forked was not found. */
  isDoubtful: boolean;
  /** Whether files that appear later may show that these events are a replay. */
  isOpen: boolean;
}

export function newReplay(): ReplayState {
  return {
    ancestors: [],
    isFork: false,
    start: undefined,
    lastAt: undefined,
    last: undefined,
    isByTime: false,
    isOver: false,
    turnAt: undefined,
    isDoubtful: false,
    isOpen: false,
  };
}

/** The lines of a replay are written without pauses; between two model calls there is at least the duration of a call. */
const BURST_MS = 1_000;
/** A turn begins before its calls end; clocks may differ a little. */
const CLOCKS_MS = 60_000;

/**
 * Separates the replay at the beginning of a forked session, or of an agent's, from the session's own events. Replayed events
 * belong to another session: they are counted there, with their own times, or were counted while that file still existed.
 *
 * An event is a replay if the running totals of a session of the family have the same order; if it is older than the session;
 * if its turn is; or if it follows the previous event faster than a model can answer. It is not if its turn began later.
 */
export class Replay {
  readonly #file: SourceFile;
  readonly #state: ReplayState;
  #family: { of: string; family: Family } | undefined;

  constructor(file: SourceFile, state: ReplayState) {
    this.#file = file;
    this.#state = state;
  }

  /** Handles a line that names a session. @param at ms since the epoch. */
  session(at: number): void {
    if (!this.#state.isOver && !Number.isNaN(at)) this.#state.lastAt = at;
  }

  /** Handles the beginning of a turn. */
  turn(id: string | undefined): void {
    this.#state.turnAt = timeInId(id);
  }

  /** The sessions that an event of the session itself may repeat. */
  get doubts(): readonly string[] | undefined {
    const { ancestors, isDoubtful, start = Infinity, turnAt = -Infinity } = this.#state;
    return isDoubtful && turnAt < start ? ancestors : undefined;
  }

  /** @param session the file's own session. @param at ms since the epoch. @returns whether the event is a replay. */
  has(session: string | undefined, total: Counts | undefined, at: number): boolean {
    const state = this.#state;
    if (state.isOver || state.ancestors.length === 0) return false;
    const key = total && countsKey(total);
    const sign = this.#signOf(session, key, at);
    if (sign === undefined) {
      this.#end(session, at);
    } else {
      state.last = key ?? state.last;
      state.isByTime = sign === 'time';
    }
    state.lastAt = at;
    return sign !== undefined;
  }

  #end(session: string | undefined, at: number): void {
    const state = this.#state;
    state.isOver = true;
    if (this.#isOwnTurn(at)) return;
    const { hasParent } = this.#familyOf(session);
    // A fork repeats something, unless the file of its parent is not complete yet.
    state.isOpen = !hasParent || (state.isFork && state.last === undefined);
    state.isDoubtful = !hasParent && !state.isByTime;
  }

  /** The sign that an event is replayed; undefined if there is none. */
  #signOf(session: string | undefined, key: string | undefined, at: number): 'totals' | 'time' | undefined {
    const { start, lastAt, isFork, last, turnAt } = this.#state;
    if (this.#isOwnTurn(at)) return undefined;
    if (key !== undefined) {
      const family = this.#familyOf(session);
      if (family.sequences.some((sequence) => follows(sequence, last, key))) return 'totals';
      if (family.hasParent) return undefined;
    }
    const isOlder = start !== undefined && (at < start || (turnAt !== undefined && turnAt < start));
    return isOlder || (isFork && lastAt !== undefined && at - lastAt < BURST_MS) ? 'time' : undefined;
  }

  /** Whether the current turn began after the fork. */
  #isOwnTurn(at: number): boolean {
    const { start, turnAt } = this.#state;
    return start !== undefined && turnAt !== undefined && turnAt >= start && turnAt <= at + CLOCKS_MS;
  }

  #familyOf(session: string | undefined): Family {
    const { ancestors, start } = this.#state;
    const of = ancestors.join(' ');
    if (this.#family?.of !== of) this.#family = { of, family: familyOf(this.#file, { id: session, ancestors, start }) };
    return this.#family.family;
  }
}

/** The time in a UUID of version 7, ms since the epoch. */
function timeInId(id: string | undefined): number | undefined {
  const [, high, low] = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-/i.exec(id ?? '') ?? [];
  return high === undefined ? undefined : Number.parseInt(`${high}${low}`, 16);
}

/** Whether this total follows the last one in a sequence; the first one may be anywhere in it. */
function follows(sequence: readonly string[], last: string | undefined, key: string): boolean {
  if (last === undefined) return sequence.includes(key);
  if (last === key) return true;
  const at = sequence.indexOf(last);
  return at !== -1 && sequence[at + 1] === key;
}
