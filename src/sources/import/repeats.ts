import { existsSync } from 'node:fs';
import type { Ledger } from '../../ledger/ledger.ts';
import type { UpsertPlan } from '../../ledger/results.ts';
import { storeKind } from '../../system/paths.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { counterparts } from '../joining.ts';
import { pricingOf } from './costs.ts';
import type { ImportOptions } from './options.ts';
import type { Source, SourceFile } from '../source.ts';
import type { FileState, FileStates } from './state.ts';

/**
 * Usages that a forked session repeats of the session from which it comes. Its log alone may not show where the repetition ends,
 * so the result depends on which other logs, or records of them, have been found. It is corrected as soon as they are.
 */

/** A usage that must not count as one of this session. Another session's may have the same id. */
export interface Repeat {
  id: string;
  session: string;
}

export function repeatOf({ usage_id, session_id }: UsageRecord): Repeat {
  return { id: usage_id, session: session_id ?? '' };
}

const PAGE = 5_000;

/**
 * Leaves out records that repeat a stored record of a session whose log is missing.
 * @param repeats receives these records.
 */
export async function dropRepeats(ledger: Ledger, records: UsageRecord[], repeats: Repeat[]): Promise<UsageRecord[]> {
  const doubtful = records.filter((record) => pricingOf(record)?.mayRepeat !== undefined);
  if (doubtful.length === 0) return records;
  await ledger.refresh();
  const stored = await storedOf(ledger, doubtful);
  const dropped = new Set<UsageRecord>();
  for (const record of doubtful.toSorted((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp))) {
    const equal = stored.get(countsOf(record)) ?? [];
    const at = equal.findIndex((each) => isRepeated(each, record));
    if (at === -1) continue;
    // A stored record is repeated at most once in a log.
    equal.splice(at, 1);
    dropped.add(record);
    repeats.push(repeatOf(record));
  }
  return records.filter((record) => !dropped.has(record));
}

/**
 * Removes repeated usages that an earlier import took for usages of their session.
 * @returns the ids of the removed records.
 */
export async function removeRepeats(
  { path, ledger: open, dryRun }: Pick<ImportOptions, 'path' | 'ledger' | 'dryRun'>,
  repeats: readonly Repeat[],
): Promise<ReadonlySet<string>> {
  // A missing database need not be created.
  const isMissing = storeKind(path) === 'sqlite' && !existsSync(path);
  if (dryRun === true || isMissing) return new Set();
  const ledger = await open();
  await ledger.refresh();
  const held = [...(await ledger.holds(repeats.map(({ id }) => id)))];
  if (held.length === 0) return new Set();
  const sessions = await sessionsOf(ledger, held);
  const wrong = [...new Set(repeats.filter(({ id, session }) => sessions.get(id) === session).map(({ id }) => id))];
  if (wrong.length > 0) await ledger.remove(wrong);
  return new Set(wrong);
}

/**
 * Looks up the sessions of stored records; '' for a record without one. Of a store's methods only an upsert reads records by their
 * ids, so it gets a plan that adds nothing.
 */
async function sessionsOf(ledger: Ledger, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  let sessions: ReadonlyMap<string, string> = new Map();
  const plan: UpsertPlan = (get) => {
    sessions = new Map(ids.map((id) => [id, get(id)?.session_id ?? '']));
    return [];
  };
  plan.ids = ids;
  await ledger.upsert(plan);
  return sessions;
}

function isRepeated(stored: UsageRecord, record: UsageRecord): boolean {
  const sessions = pricingOf(record)?.mayRepeat ?? [];
  return sessions.includes(stored.session_id ?? '') && Date.parse(stored.timestamp) < Date.parse(record.timestamp);
}

/** Stored records of the sessions that these may repeat, by their counts. */
async function storedOf(ledger: Ledger, doubtful: readonly UsageRecord[]): Promise<Map<string, UsageRecord[]>> {
  const session = [...new Set(doubtful.flatMap((record) => pricingOf(record)?.mayRepeat ?? []))];
  const source = [...new Set(doubtful.flatMap((record) => [record.source ?? null, ...counterparts(record.source)]))];
  const stored = new Map<string, UsageRecord[]>();
  for (let offset = 0; ;) {
    const { rows, total } = await ledger.page({
      filter: { values: { session, source } },
      sort: 'time',
      descending: false,
      offset,
      limit: PAGE,
    });
    for (const { record } of rows) {
      const key = countsOf(record);
      const equal = stored.get(key);
      if (equal === undefined) stored.set(key, [record]);
      else equal.push(record);
    }
    offset += rows.length;
    if (rows.length === 0 || offset >= total) return stored;
  }
}

function countsOf({ input_tokens, output_tokens, cache_read_tokens = 0, reasoning_tokens = 0 }: UsageRecord): string {
  return [input_tokens, output_tokens, cache_read_tokens, reasoning_tokens].join(' ');
}

/** Selects the files of an import that must be read again, because their results may depend on other files that appeared. */
export class Rereading {
  readonly #mayChange: NonNullable<Source['mayChange']>;
  /** undefined while no file is new, so that nothing can have changed. */
  #again: Set<string> | undefined;

  constructor({ mayChange }: Source) {
    this.#mayChange = mayChange ?? (() => false);
  }

  /** If there are new files, those whose results may depend on them are read from their beginning. */
  begin(files: readonly SourceFile[], states: FileStates): void {
    if (files.every(({ path }) => states.get(path) !== undefined)) return;
    this.#again = new Set();
    for (const { path } of files) if (this.#mayChange(states.get(path)?.parser)) states.delete(path);
  }

  /** @returns the state to save: none if the file must be read again, even by the next import if this one is killed. */
  checked(path: string, state: FileState | undefined): FileState | undefined {
    if (this.#again === undefined || !this.#mayChange(state?.parser)) return state;
    this.#again.add(path);
    return undefined;
  }

  /** The files to read again, once all others have been read. */
  take(files: readonly SourceFile[]): SourceFile[] {
    const again = this.#again;
    this.#again = undefined;
    return files.filter(({ path }) => again?.has(path) === true);
  }
}
