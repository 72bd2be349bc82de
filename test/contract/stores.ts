import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fastFolder } from '../fixtures/fastFolder.mts';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openStore } from '../../src/ledger/open.ts';
import type { LedgerOptions } from '../../src/ledger/options.ts';
import type { Disk } from '../../src/system/disk.ts';
import { freshLedgerUrl, hasPostgres, insertForeignRow } from '../fixtures/postgres.ts';
import { MemoryContents, MemoryStore } from './memoryStore.ts';

/** The stores that have to keep the contract of `src/ledger/store.ts`. A new store is one more row of {@link STORES}. */

export interface OpenOptions extends LedgerOptions {
  disk?: Disk | undefined;
}

/** A place for one ledger. */
export interface Place {
  /** The name of the ledger: a path or a URL. */
  readonly name: string;
  /** Opens the ledger once more, as another process would. */
  open(options?: OpenOptions): Ledger;
  /** Writes an element that is no usage record, as another program would. The ledger must not be empty. */
  spoil(text: string): void | Promise<void>;
  dispose(): void;
}

export interface StoreRow {
  title: string;
  /** Whether another process finds the ledger by its name. */
  isShared: boolean;
  /** Whether it is in files, so that a `Disk` can fail under it. */
  isFile: boolean;
  /** Whether it writes through the `Disk` that it is given, so that a test can halve its writes. */
  writesThroughDisk: boolean;
  /** @param root a folder for stores in files. Default: one that is fast. */
  make(root?: string): Place;
}

/** In memory where there is such a place: how fast the disk is, is not what these tests are about. */
const SCRATCH = fastFolder();

function filePlace(file: string, root: string, spoil: (path: string, text: string) => void): Place {
  const folder = mkdtempSync(join(root, 'llm-spend-contract-'));
  const name = join(folder, file);
  return {
    name,
    open: ({ disk, ...options } = {}) => new Ledger(openStore(name, { disk, now: options.now }), options),
    spoil: (text) => spoil(name, text),
    dispose: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

function spoilJson(path: string, text: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace('[', `[${text},`));
}

function spoilDatabase(path: string, text: string): void {
  const db = new DatabaseSync(path, { timeout: 10_000 });
  const columns = '(seq, usage_id, time_ms, cost_kind, cost_nanos, text)';
  db.prepare(`INSERT INTO record ${columns} SELECT max(seq) + 1, ?, 0, 'unknown', NULL, ? FROM record`).run(text, text);
  db.close();
}

let memories = 0;

function memoryPlace(): Place {
  const name = `memory://contract/${++memories}`;
  const contents = new MemoryContents();
  return {
    name,
    open: (options = {}) => new Ledger(new MemoryStore(name, contents, options.now ?? Date.now), options),
    spoil: (text) => {
      contents.foreign.push(text);
      contents.changed();
    },
    dispose: () => undefined,
  };
}

function postgresPlace(): Place {
  const name = freshLedgerUrl();
  return {
    name,
    open: (options = {}) => new Ledger(openStore(name, { now: options.now }), options),
    spoil: (text) => insertForeignRow(name, text),
    dispose: () => undefined,
  };
}

/** The stores that are asked, by title. Default: all. `npm run test:mutation` of one store needs no others. */
const ASKED = process.env['LLM_SPEND_TEST_STORES']?.split(',');

const ALL_STORES: readonly StoreRow[] = [
  {
    title: 'JSON',
    isShared: true,
    isFile: true,
    writesThroughDisk: true,
    make: (root = SCRATCH) => filePlace('costs.json', root, spoilJson),
  },
  {
    title: 'SQLite',
    isShared: true,
    isFile: true,
    writesThroughDisk: false,
    make: (root = SCRATCH) => filePlace('costs.db', root, spoilDatabase),
  },
  { title: 'memory', isShared: false, isFile: false, writesThroughDisk: false, make: memoryPlace },
  ...(hasPostgres()
    ? [{ title: 'PostgreSQL', isShared: true, isFile: false, writesThroughDisk: false, make: postgresPlace }]
    : []),
];
export const STORES = ALL_STORES.filter(({ title }) => ASKED?.includes(title) ?? true);

/** A new ledger for each test. What is opened is closed after the test. */
export function contractPlace(row: StoreRow, root?: string): Pick<Place, 'open' | 'spoil'> & { readonly name: string } {
  let place: Place;
  let opened: Ledger[] = [];
  beforeEach(() => {
    place = row.make(root);
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((ledger) => ledger.close()));
    place.dispose();
  });
  return {
    get name() {
      return place.name;
    },
    open: (options) => {
      const ledger = place.open(options);
      opened.push(ledger);
      return ledger;
    },
    spoil: (text) => place.spoil(text),
  };
}

/** The ids in the ledger, oldest addition first, as another instance finds them. */
export async function idsIn(place: Pick<Place, 'open'>): Promise<string[]> {
  const ledger = place.open();
  return (await ledger.read()).map(({ usage_id }) => usage_id);
}

/** The texts in the ledger by id, as another instance finds them. */
export async function textsIn(place: Pick<Place, 'open'>): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const elements of place.open().stored()) {
    for (const { record, text } of elements) texts.set(record.usage_id, text);
  }
  return texts;
}
