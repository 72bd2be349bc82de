import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach } from 'vitest';
import { Connection } from '../../../../src/ledger/sqlite/connection.ts';
import { SqliteStore } from '../../../../src/ledger/sqlite/store.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { call } from '../../../contract/usages.ts';

/** A place for one SQLite ledger. */
export interface Scratch {
  readonly folder: string;
  readonly path: string;
  /** The ledger as the library opens it, as another process would. */
  tracker(options?: { disk?: Disk; now?: () => number }): CostTracker;
  /** Uses the ledger, and closes it. */
  readonly withTracker: <T>(use: (tracker: CostTracker) => Promise<T>) => Promise<T>;
  /** Records calls with these ids, and closes the ledger. */
  readonly record: (...ids: string[]) => Promise<void>;
  /** The ids in the ledger, oldest addition first. */
  readonly ids: () => Promise<string[]>;
  store(options?: { disk?: Disk; now?: () => number }): SqliteStore;
  /** An open database, made if there is none. */
  connection(): Promise<Connection>;
  /** Reads or writes as an SQL prompt does. */
  prompt<T>(work: (db: DatabaseSync) => T): T;
  /** The files beside the ledger whose name contains this text, in order. */
  files(part?: string): string[];
  /** Closes all that was opened. */
  close(): Promise<void>;
}

/** A new folder for each test. What is opened is closed after the test. */
export function scratch(): Scratch {
  let folder = '';
  const opened: { close(): Promise<unknown> }[] = [];
  const kept = <T extends { close(): Promise<unknown> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-scratch-'));
  });
  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const path = (): string => join(folder, 'costs.db');
  const tracker: Scratch['tracker'] = (options = {}) =>
    kept(new CostTracker({ ledger: path(), pricing: false, ...options }));
  const withTracker: Scratch['withTracker'] = async (use) => {
    const one = new CostTracker({ ledger: path(), pricing: false });
    try {
      return await use(one);
    } finally {
      await one.close();
    }
  };
  return {
    get folder() {
      return folder;
    },
    get path() {
      return path();
    },
    tracker,
    withTracker,
    record: async (...ids) => void (await withTracker((one) => one.trackAll(ids.map((id) => call(id))))),
    ids: async () => (await tracker().read()).map(({ usage_id: id }) => id),
    store: (options = {}) => kept(new SqliteStore({ path: path(), ...options })),
    connection: async () => kept(await Connection.create(nodeDisk, path())),
    prompt: (work) => {
      const db = new DatabaseSync(path(), { timeout: 10_000 });
      try {
        return work(db);
      } finally {
        db.close();
      }
    },
    files: (part = '') =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((name) => name.includes(part))
            .toSorted()
        : [],
    close,
  };
}

/** An error as `node:sqlite` throws it. */
export const failure = (errcode: number, message = 'as SQLite says it'): Error =>
  Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
