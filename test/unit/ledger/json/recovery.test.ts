import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { elementsIn } from '../../../../src/ledger/json/elements.ts';
import { LedgerIndex } from '../../../../src/ledger/json/index.ts';
import type { ProblemCode } from '../../../../src/ledger/results.ts';

/** Readable content is kept, unreadable content is kept aside under a reported name, and nothing is overwritten unsaved. */

let root: string;
let worlds = 0;
beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'llm-spend-recovery-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Folder {
  path: string;
  ledger: string;
  tracker: CostTracker;
}

function folderWith(files: Record<string, string | Uint8Array>): Folder {
  const path = join(root, String(++worlds));
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  const ledger = join(path, 'costs.json');
  return { path, ledger, tracker: new CostTracker({ ledger }) };
}

function element(id: string, more = ''): string {
  return `{"usage_id":"${id}","provider":"p","model":"m","operation":"o","timestamp":"2026-02-01T12:00:00Z","cost_usd":0.5${more}}`;
}

const noted = (note: string): string => element('two', `,"note":"${note}"`);

function array(...elements: string[]): string {
  return `[\n  ${elements.join(',\n  ')}\n]`;
}

const snapshot = ({ path }: Folder): Record<string, string> =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'latin1')]));

const kept = (folder: Folder): string[] =>
  Object.entries(snapshot(folder))
    .filter(([name]) => name.startsWith('costs.json.corrupt.'))
    .map(([, bytes]) => bytes);

function idsIn({ ledger }: Folder): unknown[] {
  const elements = JSON.parse(readFileSync(ledger, 'utf8')) as ({ usage_id?: unknown } | null)[];
  return elements.map((each) => each?.usage_id).filter((id) => id !== undefined);
}

async function record(folder: Folder): Promise<void> {
  await folder.tracker.track({ usage_id: 'new', provider: 'p', model: 'm', operation: 'o' });
  expect(await folder.tracker.flush(120_000)).toBe(true);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: 24 }, worker));
}

const RECORDS = [
  element('one', ',"note":"a, \\"b\\" ] }"'),
  element('two', ',"zeta":{"deep":[1,{"x":null}]},"π":"💸"'),
  element('three'),
];

describe('a ledger cut off', () => {
  it('at any byte keeps the whole records before the cut, and the cut one aside', async () => {
    const whole = Buffer.from(array(...RECORDS));
    const ends = RECORDS.map((text) => whole.indexOf(text) + Buffer.byteLength(text));
    const cuts = Array.from({ length: whole.length }, (_, i) => i);
    await inParallel(cuts, async (cut) => {
      const bytes = whole.subarray(0, cut);
      const folder = folderWith({ 'costs.json': bytes });
      await record(folder);
      await folder.tracker.close();
      const whichEnded = ['one', 'two', 'three'].filter((_, i) => ends[i]! <= cut);
      expect(idsIn(folder), `cut at ${cut}`).toEqual([...whichEnded, 'new']);
      const text = readFileSync(folder.ledger, 'utf8');
      for (const each of RECORDS.slice(0, whichEnded.length)) expect(text).toContain(each);
      if (cut > 0) expect(kept(folder), `cut at ${cut}`).toEqual([bytes.toString('latin1')]);
    });
  });
});

describe('a ledger with a flipped bit', () => {
  it('keeps the other records, and every byte somewhere', async () => {
    const whole = Buffer.from(array(...RECORDS));
    // A prime step reaches all bit positions; all bits would take minutes.
    const bits = Array.from({ length: Math.ceil((whole.length * 8) / 7) }, (_, i) => i * 7);
    await inParallel(bits, async (bit) => {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const folder = folderWith({ 'costs.json': bytes });
      await record(folder);
      await folder.tracker.close();
      const text = readFileSync(folder.ledger);
      const where = `bit ${bit & 7} of byte ${bit >> 3}`;
      expect(idsIn(folder), where).toContain('new');
      for (const each of RECORDS) {
        const at = whole.indexOf(each);
        const end = at + Buffer.byteLength(each);
        if (bit >> 3 < at || bit >> 3 >= end) {
          expect(text.includes(each), `${where}: ${each}`).toBe(true);
        } else {
          const flipped = bytes.toString('latin1', at, end);
          const saved = text.toString('latin1').includes(flipped) || kept(folder).some((one) => one.includes(flipped));
          expect(saved, `${where}: the flipped element is gone`).toBe(true);
        }
      }
    });
  });
});

interface Case {
  files: Record<string, string | Uint8Array>;
  /** The findings of verify, errors and warnings. */
  problems: ProblemCode[];
  /** The ledger's records after the next record, and after a repair. */
  records: string[];
  /** Elements that a repair omits and keeps aside. */
  dropped?: string[];
}

const cut = array(RECORDS[0]!, RECORDS[1]!).slice(0, -30);
const CASES: Record<string, Case> = {
  'a byte order mark': {
    files: { 'costs.json': `\ufeff${array(...RECORDS)}` },
    problems: ['byte-order-mark'],
    records: ['one', 'two', 'three'],
  },
  '{} at top level': { files: { 'costs.json': '{}' }, problems: ['not-an-array'], records: [] },
  'one record without an array': {
    files: { 'costs.json': RECORDS[0]! },
    problems: ['not-an-array'],
    records: ['one'],
  },
  'two arrays one after the other': {
    files: { 'costs.json': `${array(RECORDS[0]!)}${array(RECORDS[1]!)}` },
    problems: ['trailing-content'],
    records: ['one', 'two'],
  },
  'a merge conflict': {
    files: {
      'costs.json': `[\n  ${RECORDS[0]!},\n<<<<<<< HEAD\n  ${RECORDS[1]!}\n=======\n  ${RECORDS[2]!}\n>>>>>>> branch\n]`,
    },
    problems: ['not-json'],
    records: ['one', 'two', 'three'],
  },
  'a half-written foreign record': {
    files: { 'costs.json': cut },
    problems: ['truncated'],
    records: ['one'],
    dropped: [],
  },
  'a tail of NULs': {
    files: { 'costs.json': `${array(RECORDS[0]!).slice(0, -2)},\n${'\0'.repeat(300)}` },
    problems: ['not-json'],
    records: ['one'],
  },
  'nothing but NULs, beside the version before': {
    files: { 'costs.json': '\0'.repeat(200), 'costs.json.prev': array(RECORDS[0]!) },
    problems: ['not-an-array'],
    records: ['one'],
  },
  'an empty file': { files: { 'costs.json': '' }, problems: [], records: [] },
  'an empty file beside a backup': {
    files: { 'costs.json': '', 'costs.json.bak': array(RECORDS[0]!) },
    problems: ['lost-file'],
    records: ['one'],
  },
  'no file, but the version before': {
    files: { 'costs.json.prev': array(RECORDS[0]!, RECORDS[1]!) },
    problems: ['lost-file'],
    records: ['one', 'two'],
  },
  "no file, but inkwell's backup": {
    files: { 'costs.json.bak': array(RECORDS[0]!) },
    problems: ['lost-file'],
    records: ['one'],
  },
  'no file, but bytes kept aside': {
    files: { 'costs.json.corrupt.1700000000': cut },
    problems: ['lost-file', 'kept-aside'],
    records: ['one'],
  },
  'invalid UTF-8 in a record': {
    files: { 'costs.json': Buffer.from(array(RECORDS[0]!, element('two', ',"note":"caf\u00e9"')), 'latin1') },
    problems: ['invalid-utf8'],
    records: ['one', 'two'],
  },
  'invalid UTF-8 in two records of one id': {
    files: { 'costs.json': Buffer.from(array(...['\u00e9', '\u00e8'].map(noted)), 'latin1') },
    problems: ['invalid-utf8', 'invalid-utf8'],
    records: ['two'],
    dropped: [noted('\u00e8')],
  },
  'invalid UTF-8 in a record whose id one in an array has': {
    files: { 'costs.json': Buffer.from(array(`[${noted('e')}]`, noted('\u00e8')), 'latin1') },
    problems: ['unreadable-element', 'invalid-utf8'],
    records: ['two'],
    dropped: [noted('\u00e8')],
  },
  'a second record with the same id and content': {
    files: { 'costs.json': array(RECORDS[0]!, RECORDS[0]!) },
    problems: ['duplicate-id'],
    records: ['one'],
    dropped: [],
  },
  'a second record with the same id and other content': {
    files: { 'costs.json': array(RECORDS[2]!, element('three', ',"note":"other"')) },
    problems: ['duplicate-id'],
    records: ['three'],
    dropped: [element('three', ',"note":"other"')],
  },
  'records in an object around an array': {
    files: { 'costs.json': array(`{"data":{"costs":[${RECORDS[0]!},${RECORDS[1]!}]}}`, RECORDS[2]!) },
    problems: ['unreadable-element'],
    records: ['one', 'two', 'three'],
  },
  'the encoding of Windows PowerShell': {
    files: { 'costs.json': Buffer.from(`\ufeff${array(...RECORDS)}`, 'utf16le') },
    problems: ['not-an-array'],
    records: ['one', 'two', 'three'],
  },
  'UTF-16 in the other order, without a byte order mark': {
    files: { 'costs.json': Buffer.from(array(...RECORDS), 'utf16le').swap16() },
    problems: ['not-an-array'],
    records: ['one', 'two', 'three'],
  },
  'elements that are no records': {
    files: { 'costs.json': array('null', RECORDS[0]!, '{"provider":"p"}') },
    problems: ['unreadable-element', 'unreadable-element'],
    records: ['one'],
    dropped: ['null', '{"provider":"p"}'],
  },
};

describe.each(Object.entries(CASES))('a ledger with %s', (_, { files, problems, records, dropped }) => {
  const original = files['costs.json'];

  it('is explained by verify, which changes nothing', async () => {
    const folder = folderWith(files);
    const before = snapshot(folder);
    const found = await folder.tracker.verify();
    expect(found.problems.map(({ code }) => code)).toEqual(problems);
    for (const { message } of found.problems) expect(message).toMatch(/\w+ \w+/);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    expect(snapshot(folder)).toEqual(before);
    await folder.tracker.close();
    expect(snapshot(folder)).toEqual(before);
  });

  it('keeps a record made right afterwards, and all that was there', async () => {
    const folder = folderWith(files);
    await record(folder);
    const ids = [...readFileSync(folder.ledger, 'utf8').matchAll(/"usage_id":"(\w+)"/g)].map(([, id]) => id);
    expect(new Set([...ids, ...records, 'new'])).toEqual(new Set(ids));
    const found = await folder.tracker.verify();
    expect(found.records).toBeGreaterThanOrEqual(
      new Set(idsIn(folder)).size - (problems.includes('invalid-utf8') ? 1 : 0),
    );
    const all = Object.values(snapshot(folder));
    if (original !== undefined && original.length > 0) {
      const bytes = Buffer.from(original).toString('latin1');
      const body = bytes.slice(0, bytes.lastIndexOf('\n]'));
      expect(all.some((file) => file.includes(bytes) || file.startsWith(body))).toBe(true);
    }
    for (const { path, role } of found.files) {
      if (role === 'kept-aside') expect(found.problems.some(({ file }) => file === path)).toBe(true);
    }
    await folder.tracker.close();
  });

  it('is mended by repair, as its dry run says', async () => {
    const folder = folderWith(files);
    const before = snapshot(folder);
    const dry = await folder.tracker.repair({ dryRun: true });
    expect(snapshot(folder)).toEqual(before);
    const done = await folder.tracker.repair();
    expect({ records: done.records, recovered: done.recovered }).toEqual({
      records: dry.records,
      recovered: dry.recovered,
    });
    expect(done.actions.map(plain)).toEqual(dry.actions.map(plain));
    if (problems.length > 0) expect(new Set(idsIn(folder))).toEqual(new Set(records));
    const after = await folder.tracker.verify();
    expect(after.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (done.keptIn !== undefined) {
      const aside = readFileSync(done.keptIn, 'latin1');
      expect(aside).toBe(Buffer.from(original!).toString('latin1'));
      expect(after.files.find(({ role, path }) => role === 'kept-aside' && path === done.keptIn)).toBeDefined();
    } else {
      expect(dropped ?? []).toEqual([]);
    }
    expect((await folder.tracker.repair()).actions).toEqual([]);
    await folder.tracker.close();
  });
});

describe('elements of the previous version that are not records', () => {
  const odd = ['null', '{"provider":"p"}', '[1,[2]]', element('three', ',"note":"other"')];
  const previous = array(RECORDS[0]!, ...odd.slice(0, 3), RECORDS[2]!, odd[3]!);

  it.each([
    ['a missing file', undefined, []],
    ['an empty file', '', []],
    ['nothing but NULs', '\0'.repeat(previous.length), []],
    ['a file cut off after some of them', previous.slice(0, previous.indexOf('[1,')), ['null', '{"provider":"p"}']],
  ])('survive the recovery of %s', async (_, content, own) => {
    const folder = folderWith({
      'costs.json.prev': previous,
      ...(content === undefined ? {} : { 'costs.json': content }),
    });
    await record(folder);
    await folder.tracker.close();
    const elements = JSON.parse(readFileSync(folder.ledger, 'utf8')) as unknown[];
    const texts = elements.map((each) => JSON.stringify(each));
    for (const each of odd) expect(texts.filter((text) => text === each)).toEqual([each]);
    expect(idsIn(folder).map(String).toSorted()).toEqual(['new', 'one', 'three', 'three']);
    expect(own.every((each) => texts.includes(each))).toBe(true);
  });
});

/** Removes the time from an action, so that plans and reports can be compared. */
function plain(action: string): string {
  return action.replace(/corrupt\.(<time>|[\w-]+)/, 'corrupt.*');
}

describe('a ledger of hundreds of thousands of elements that are no records', () => {
  it.each([
    ['0', '0'],
    ['{}', '"a"'],
  ])('takes memory for the first ones alone: %s', async (odd, last) => {
    const count = 200_000;
    const text = `[${RECORDS[0]!},${`${odd},`.repeat(count)}${RECORDS[1]!},${last}]`;
    const index = new LedgerIndex('costs.json');
    await index.extend({ buffer: Buffer.from(text), length: Buffer.byteLength(text) }, false);
    expect(index.unreadable.length).toBeLessThan(1_010);
    expect(elementsIn(index.unreadable)).toBe(count + 1);
    expect(new Set(index.ids)).toEqual(new Set(['one', 'two']));

    const folder = folderWith({ 'costs.json': text });
    expect((await folder.tracker.verify()).unreadable).toBe(count + 1);
    const { actions } = await folder.tracker.repair();
    expect(actions.join('\n')).toContain(`elements that cannot be read as a record, left out: ${count + 1}`);
    expect(idsIn(folder)).toEqual(['one', 'two']);
    await folder.tracker.close();
  });

  it('is read behind a stray quote after them, too', async () => {
    const text = `[${'0,'.repeat(2_000)}"a", "${RECORDS[0]!},${RECORDS[1]!}]`;
    const index = new LedgerIndex('costs.json');
    await index.extend({ buffer: Buffer.from(text), length: Buffer.byteLength(text) }, false);
    expect(index.damage).toBeDefined();
    expect([...index.ids]).toContain('one');
  });
});
