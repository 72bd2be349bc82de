import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { RepairResult } from '../../../../src/ledger/results.ts';

/** No database is "too damaged to repair", and omitted content stays in the kept file. */

const PAGE = 4096;
/** Less than this much of a page is structure: its header and the cell pointers. */
const PAGE_HEAD = 96;
const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;
const RECORDS = 600;

let folder: string;
let sound: Buffer;
const texts = new Map<string, string>();
let ledger: string;

const usage = (i: number): object => ({
  usage_id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: 0.01,
  note: 'x'.repeat(100 + ((i * 37) % 300)),
  timestamp: new Date(1.79e12 + i * 1000).toISOString(),
});

async function withTracker<T>(use: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger, pricing: false });
  try {
    return await use(tracker);
  } finally {
    await tracker.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-salvage-'));
  ledger = join(folder, 'costs.db');
  await withTracker((tracker) => tracker.trackAll(Array.from({ length: RECORDS }, (_, i) => usage(i) as never)));
  await withTracker(async (tracker) => {
    for await (const page of tracker.stored()) for (const { record, text } of page) texts.set(record.usage_id, text);
  });
  sound = readFileSync(ledger);
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
beforeEach(newFolder);

/** Each damaged database gets its own folder, because files kept by an earlier repair would count. */
function newFolder(): void {
  ledger = join(mkdtempSync(join(folder, 'run-')), 'costs.db');
}

/** Whether a page of rows contains this text; pages with another use may still have their former content. */
function isWhole(bytes: Buffer, text: string): boolean {
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) {
    if (bytes[at - (at % PAGE)] === TABLE_LEAF) return true;
  }
  return false;
}

/** A generator with the same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function flipBits(bytes: Buffer, count: number, next: (below: number) => number): void {
  for (let left = count; left > 0;) {
    const at = next(bytes.length);
    if (at % PAGE < PAGE_HEAD) continue;
    bytes[at] = bytes[at]! ^ (1 << next(8));
    left--;
  }
}

async function repaired(damaged: Buffer): Promise<{ result: RepairResult; ids: Set<string> }> {
  writeFileSync(ledger, damaged);
  return withTracker(async (tracker) => {
    const result = await tracker.repair();
    const { health, problems } = await tracker.verify();
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(health).toBe('ok');
    return { result, ids: new Set((await tracker.read()).map(({ usage_id }) => usage_id)) };
  });
}

describe('whatever the damage, each record whose text is whole comes back', () => {
  test.each([
    ['one bit', 1, 0],
    ['three bits', 3, 0],
    ['100 bits', 100, 0],
    ['400 bits', 400, 0],
    ['a zeroed page', 0, 1],
    ['four zeroed pages and a bit', 1, 4],
    ['twenty zeroed pages and 50 bits', 50, 20],
  ])('%s', async (_, bits, pages) => {
    for (const seed of [1, 2]) {
      newFolder();
      const damaged = Buffer.from(sound);
      const next = numbers(seed * 7919 + bits + pages);
      for (let i = 0; i < pages; i++) {
        const page = 1 + next(damaged.length / PAGE - 1);
        damaged.fill(0, page * PAGE, (page + 1) * PAGE);
      }
      flipBits(damaged, bits, next);
      const { ids } = await repaired(damaged);
      const lost = [...texts].filter(([id, text]) => isWhole(damaged, text) && !ids.has(id));
      expect(lost.map(([id]) => id)).toEqual([]);
      expect(ids.size).toBeLessThanOrEqual(RECORDS);
    }
  });

  test('the first 32 KB overwritten, with a copy from long ago beside it', async () => {
    const damaged = Buffer.from(sound);
    damaged.fill(0xa5, 0, 8 * PAGE);
    const whole = [...texts].filter(([, text]) => isWhole(damaged, text)).map(([id]) => id);
    // The copy contains the first hundred records.
    writeFileSync(ledger, sound);
    await withTracker((tracker) => tracker.remove([...texts.keys()].slice(100)));
    copyFileSync(ledger, `${ledger}.prev`);
    const { ids } = await repaired(damaged);
    expect(whole.filter((id) => !ids.has(id))).toEqual([]);
    expect(whole.length).toBeGreaterThan(RECORDS * 0.9);
  });
});

test('a record whose id is damaged in one of its two places is one record, whatever a copy holds', async () => {
  const id = [...texts.keys()][7]!;
  writeFileSync(ledger, sound);
  copyFileSync(ledger, `${ledger}.prev`);
  const damaged = Buffer.from(sound);
  // The column comes first in the row, followed by the text of the record. The page's first bytes make the file a damaged one.
  const column = damaged.indexOf(id);
  damaged[column + 35] = 0x41;
  damaged.fill(0xff, 40, 44);
  const other = [...texts.keys()][9]!;
  const inText = damaged.indexOf(`"usage_id":"${other}"`) + 12;
  damaged[inText + 35] = 0x42;
  const { ids } = await repaired(damaged);
  expect(ids.size).toBe(RECORDS);
  expect(ids.has(id)).toBe(true);
});

test('records kept aside are an error until a repair has brought them back, and removed ones stay removed', async () => {
  const [gone, removed] = [...texts.keys()];
  writeFileSync(ledger, sound);
  await withTracker((tracker) => tracker.remove([removed!]));
  // More removals than can be undone: the first one must still be known as removed.
  await withTracker(async (tracker) => {
    for (const id of [...texts.keys()].slice(2, 122)) await tracker.remove([id]);
  });
  const db = new DatabaseSync(ledger);
  db.prepare('DELETE FROM record WHERE usage_id = ?').run(gone!);
  db.close();
  writeFileSync(`${ledger}.corrupt.1-abc`, sound);
  await withTracker(async (tracker) => {
    await tracker.refresh();
    const found = (await tracker.verify()).problems.filter(({ code }) => code === 'kept-aside');
    expect(found.map(({ severity, message }) => [severity, /holds (\d+) records/.exec(message)?.[1]])).toEqual([
      ['error', '1'],
    ]);
    expect((await tracker.repair()).recovered).toBe(1);
    const ids = new Set((await tracker.read()).map(({ usage_id }) => usage_id));
    expect(ids.has(gone!)).toBe(true);
    expect(ids.has(removed!)).toBe(false);
    expect(ids.size).toBe(RECORDS - 121);
    const kept = (await tracker.verify()).problems.filter(({ code }) => code === 'kept-aside');
    expect(kept.map(({ severity }) => severity)).toEqual(['warning']);
  });
  expect(readdirSync(join(ledger, '..')).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('removed records stay removed when a page of the list of removals is damaged', async () => {
  const ids = [...texts.keys()];
  writeFileSync(ledger, sound);
  writeFileSync(`${ledger}.prev`, sound);
  await withTracker((tracker) => tracker.remove(ids.slice(0, 500)));
  const bytes = readFileSync(ledger);
  const isListed = (page: Buffer): boolean =>
    page[0] === INDEX_LEAF && ids.slice(0, 500).some((id) => page.includes(texts.get(id)!));
  const listing = Array.from({ length: bytes.length / PAGE }, (_, i) =>
    bytes.subarray(i * PAGE, (i + 1) * PAGE),
  ).filter(isListed);
  expect(listing.length).toBeGreaterThan(20);
  const lost = listing[10]!;
  const unknown = ids.filter((id) => lost.includes(id));
  lost.fill(0);
  writeFileSync(ledger, bytes);
  await withTracker(async (tracker) => {
    await tracker.repair();
    const found = (await tracker.read()).map(({ usage_id }) => usage_id).toSorted();
    expect(found).toEqual([...unknown, ...ids.slice(500)].toSorted());
  });
});
