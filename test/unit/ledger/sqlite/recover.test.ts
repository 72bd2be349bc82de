import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { seeded, type Random } from '../../../fixtures/oddLogs.ts';
import { runs } from '../../../long.ts';

/**
 * A repair finds at least each record whose id and cost the `.recover` of the sqlite3 shell finds. Debian's shell cannot do that
 * (its library lacks SQLITE_ENABLE_DBPAGE_VTAB); SQLITE3_SHELL names another one.
 */

const SHELL = process.env['SQLITE3_SHELL'] ?? 'sqlite3';
const PAGE = 4096;
const RECORDS = 3_000;

let folder: string;
let sound: Buffer;
/** The cost of each record in nano-dollars, by id. */
let costs: ReadonlyMap<string, number>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-recover-'));
  const path = join(folder, 'template.db');
  await withTracker(path, (tracker) => tracker.trackAll(Array.from({ length: RECORDS }, (_, i) => usage(i)) as never));
  sound = readFileSync(path);
  costs = new Map(Array.from({ length: RECORDS }, (_, i) => [usage(i).usage_id, ((i % 997) + 1) * 1_000_000]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const usage = (i: number) => ({
  usage_id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: ((i % 997) + 1) / 1000,
  tokens_input: i,
  note: 'x'.repeat((i * 37) % 400),
  timestamp: new Date(1.79e12 + i * 60_000).toISOString(),
});

async function withTracker<T>(ledger: string, use: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger, pricing: false });
  try {
    return await use(tracker);
  } finally {
    await tracker.close();
  }
}

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

function flipBits(bytes: Buffer, random: Random, count: number): Buffer {
  for (let i = 0; i < count; i++) {
    const at = below(random, bytes.length);
    bytes[at] = bytes[at]! ^ (1 << below(random, 8));
  }
  return bytes;
}

function zeroPages(bytes: Buffer, random: Random, count: number): Buffer {
  for (let i = 0; i < count; i++) {
    const at = PAGE * below(random, bytes.length / PAGE);
    bytes.fill(0, at, at + PAGE);
  }
  return bytes;
}

function swapPages(bytes: Buffer, random: Random): Buffer {
  for (let i = 1 + below(random, 10); i > 0; i--) {
    const [a, b] = [PAGE * below(random, bytes.length / PAGE), PAGE * below(random, bytes.length / PAGE)];
    const page = Buffer.from(bytes.subarray(a, a + PAGE));
    bytes.copyWithin(a, b, b + PAGE);
    page.copy(bytes, b);
  }
  return bytes;
}

function overwrite(bytes: Buffer, random: Random): Buffer {
  for (let i = 1 + below(random, 5); i > 0; i--) {
    const at = below(random, bytes.length);
    const end = Math.min(bytes.length, at + 1 + below(random, 30_000));
    for (let byte = at; byte < end; byte++) bytes[byte] = below(random, 256);
  }
  return bytes;
}

type Damage = (bytes: Buffer, random: Random) => Buffer;
const DAMAGES: Readonly<Record<string, Damage>> = {
  'one bit': (bytes, random) => flipBits(bytes, random, 1),
  'ten bits': (bytes, random) => flipBits(bytes, random, 10),
  '100 bits': (bytes, random) => flipBits(bytes, random, 100),
  '1,000 bits': (bytes, random) => flipBits(bytes, random, 1_000),
  'zeroed pages': (bytes, random) => zeroPages(bytes, random, 1 + below(random, 20)),
  'zeroed pages and bits': (bytes, random) => flipBits(zeroPages(bytes, random, 3), random, 50),
  'swapped pages': swapPages,
  'a cut end': (bytes, random) => bytes.subarray(0, PAGE + below(random, bytes.length - PAGE)),
  'overwritten ranges': overwrite,
  'an overwritten head': (bytes, random) => bytes.fill(0xa5, 0, 1 + below(random, 32_768)),
};

type Found = { id: string; cost: number; text: unknown };

/** The rows that `.recover` finds with an id and its true cost, in the table or among the rows without one. */
function recovered(path: string): Found[] {
  const { stdout } = spawnSync(SHELL, [path, '.recover'], { maxBuffer: 2 ** 28 });
  const to = `${path}.recovered`;
  spawnSync(SHELL, [to], { input: stdout, maxBuffer: 2 ** 28 });
  const rows = [
    ...rowsOf(to, 'SELECT usage_id AS id, cost_nanos AS cost, text FROM record'),
    ...rowsOf(to, 'SELECT c1 AS id, c4 AS cost, c5 AS text FROM lost_and_found WHERE nfield = 6'),
  ];
  return rows.filter(({ id, cost }) => costs.get(id) === cost);
}

/** Whether the record's text names another id: without the index, nobody can tell which of the two is damaged. */
function hasOtherId({ id, text }: Found): boolean {
  try {
    const { usage_id } = JSON.parse(String(text)) as { usage_id?: unknown };
    return typeof usage_id === 'string' && usage_id !== id;
  } catch {
    return false;
  }
}

function rowsOf(path: string, sql: string): Found[] {
  const db = new DatabaseSync(path);
  try {
    return db.prepare(sql).all() as Found[];
  } catch {
    // There is no such table.
    return [];
  } finally {
    db.close();
  }
}

function canRecover(): boolean {
  try {
    const version = execFileSync(SHELL, [
      ':memory:',
      'CREATE TABLE a (b TEXT) STRICT; SELECT count(*) FROM sqlite_dbpage',
    ]);
    return version.length > 0;
  } catch {
    return false;
  }
}

describe.runIf(canRecover())('a repair finds all that .recover finds', () => {
  test('.recover finds each record of an undamaged ledger', () => {
    const path = join(folder, 'sound.db');
    writeFileSync(path, sound);
    expect(recovered(path)).toHaveLength(RECORDS);
  });

  test.each(Object.entries(DAMAGES))('%s', { timeout: 3_600_000 }, async (_, damage) => {
    for (let seed = 1; seed <= runs(1, 100); seed++) {
      const home = mkdtempSync(join(folder, 'run-'));
      const [ours, theirs] = [join(home, 'costs.db'), join(home, 'theirs.db')];
      writeFileSync(ours, damage(Buffer.from(sound), seeded(seed)));
      copyFileSync(ours, theirs);
      const expected = recovered(theirs);
      const ids = await withTracker(ours, async (tracker) => {
        await tracker.repair();
        expect((await tracker.verify()).health, `seed ${seed}`).toBe('ok');
        return new Set((await tracker.read()).map(({ usage_id }) => usage_id));
      });
      expect(ids.size, `seed ${seed}`).toBeGreaterThanOrEqual(new Set(expected.map(({ id }) => id)).size);
      expect(
        expected.filter((row) => !ids.has(row.id) && !hasOtherId(row)),
        `seed ${seed}`,
      ).toEqual([]);
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
