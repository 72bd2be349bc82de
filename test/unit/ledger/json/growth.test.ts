import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseGrowth, versionText } from '../../../../src/ledger/json/commit/growth.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { signatureOf } from '../../../../src/system/disk.ts';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { usage } from '../faults/world.ts';

/** The note of the versions that only added records: whoever believes it reads the additions alone. */

let folder: string;
let ledger: string;
let note: string;
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-growth-'));
  ledger = join(folder, 'costs.json');
  note = join(folder, '.costs.json.growth');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function withTracker<T>(work: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger });
  try {
    return await work(tracker);
  } finally {
    await tracker.close();
  }
}
const record = (id: string) => withTracker((tracker) => tracker.track(usage(id)));
const version = (): string => versionText(signatureOf(statSync(ledger, { bigint: true })));
const noted = (): string[] => parseGrowth(readFileSync(note, 'utf8'));

test('is not made by those who record', async () => {
  await record('a');
  expect(readdirSync(folder).filter((name) => name.includes('growth'))).toEqual([]);
});

test('lists the versions that followed each other by additions, oldest first', async () => {
  await record('a');
  writeFileSync(note, '[]');
  const versions = [version()];
  for (const id of ['b', 'c', 'd']) {
    await record(id);
    versions.push(version());
  }
  expect(noted()).toEqual(versions);
  expect(new Set(versions).size).toBe(4);
});

test.each<[string, (tracker: CostTracker) => Promise<unknown>]>([
  ['a removal', (tracker) => tracker.remove(['a'])],
  ['another cost', (tracker) => tracker.setCosts([{ usageId: 'a', fields: { cost_usd: 9, cost_known: true } }])],
  ['a clear', (tracker) => tracker.clear()],
])('begins anew after %s', async (_, change) => {
  await record('a');
  await record('b');
  writeFileSync(note, '[]');
  await record('c');
  const before = version();
  await withTracker(change);
  const changed = version();
  expect(noted()).not.toContain(changed);
  await record('d');
  expect(noted()).toEqual([changed, version()]);
  expect(noted()).not.toContain(before);
});

test('begins anew after another program saved', async () => {
  await record('a');
  writeFileSync(note, '[]');
  await record('b');
  writeFileSync(join(folder, 'temporary'), readFileSync(ledger));
  renameSync(join(folder, 'temporary'), ledger);
  const others = version();
  await record('c');
  expect(noted()).toEqual([others, version()]);
});

test('has the last 200 versions', async () => {
  await record('a');
  const before = Array.from({ length: 199 }, (_, i) => `${i}`);
  writeFileSync(note, JSON.stringify([...before, version()]));
  await record('b');
  expect(noted()).toHaveLength(200);
  expect([noted()[0], noted().at(-1)]).toEqual(['1', version()]);
});

test('is nothing where it is damaged, and the next one is sound', async () => {
  for (const text of ['', '["1:2', '{}', '[1]', 'null']) expect(parseGrowth(text)).toEqual([]);
  expect(parseGrowth('["1","2"]')).toEqual(['1', '2']);
  await record('a');
  writeFileSync(note, '["1:2');
  const before = version();
  await record('b');
  expect(noted()).toEqual([before, version()]);
});

test.skipIf(process.platform === 'win32')('follows no link, and never stops a commit', async () => {
  await record('a');
  writeFileSync(join(folder, 'victim'), 'as it was');
  symlinkSync('victim', note);
  await record('b');
  expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('as it was');
  expect(JSON.parse(readFileSync(ledger, 'utf8'))).toHaveLength(2);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
