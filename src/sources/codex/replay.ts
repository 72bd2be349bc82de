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
  /** Whether the session's own events have begun. */
  isOver: boolean;
}

/** The lines of a replay are written without pauses; between two model calls there is at least the duration of a call. */
const BURST_MS = 1_000;

/**
 * Separates the replay at the beginning of a forked session, or of an agent's, from the session's own events. Replayed events
 * belong to another session: they are counted there, with their own times, or were counted while that file still existed.
 *
 * An event is a replay if the running totals of a session of the family have the same order; if it is older than the session;
 * or if it follows the previous event faster than a model can answer.
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

  /** @param session the file's own session. @param at ms since the epoch. @returns whether the event is a replay. */
  has(session: string | undefined, total: Counts | undefined, at: number): boolean {
    const state = this.#state;
    if (state.isOver || state.ancestors.length === 0) return false;
    const key = total && countsKey(total);
    const isReplayed = this.#isReplayed(session, key, at);
    if (isReplayed) state.last = key ?? state.last;
    else state.isOver = true;
    state.lastAt = at;
    return isReplayed;
  }

  #isReplayed(session: string | undefined, key: string | undefined, at: number): boolean {
    const { start, lastAt, isFork, last } = this.#state;
    if (key !== undefined) {
      const family = this.#familyOf(session);
      if (family.sequences.some((sequence) => follows(sequence, last, key))) return true;
      if (family.hasParent) return false;
    }
    if (start !== undefined && at < start) return true;
    return isFork && lastAt !== undefined && at - lastAt < BURST_MS;
  }

  #familyOf(session: string | undefined): Family {
    const of = this.#state.ancestors.join(' ');
    if (this.#family?.of !== of) this.#family = { of, family: familyOf(this.#file, session, this.#state.ancestors) };
    return this.#family.family;
  }
}

/** Whether this total follows the last one in a sequence; the first one may be anywhere in it. */
function follows(sequence: readonly string[], last: string | undefined, key: string): boolean {
  if (last === undefined) return sequence.includes(key);
  if (last === key) return true;
  const at = sequence.indexOf(last);
  return at !== -1 && sequence[at + 1] === key;
}
