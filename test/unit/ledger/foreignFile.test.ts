import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuseForeignFile } from '../../../src/ledger/foreignFile.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import type { Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-foreign-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const USAGE = { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 1 };
const NO_ID = { timestamp: '2026-01-01T00:00:00Z', ...USAGE };
const RECORD = JSON.stringify({ usage_id: 'a', ...NO_ID });

async function track(file: string): Promise<unknown> {
  const ledger = new CostTracker({ ledger: file, pricing: false });
  try {
    await ledger.track(USAGE);
    await ledger.flush();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await ledger.close();
  }
}

describe('a file that was never a ledger is refused, and left as it is', () => {
  it.each([
    ['package.json', '{"name":"x","version":"1.0.0"}\n'],
    ['tsconfig.json', '[1,2,3]'],
    ['objects.json', '[{"id":1},{"id":2}]'],
    ['nested.json', '[[1],[{"a":2}]]'],
    ['cut.json', '[{"a":1},{"b"'],
    ['cutNumbers.json', '[1,2,3'],
    ['cutNested.json', '[1,[{"b'],
    ['cutLate.json', `[{"b":"${'x'.repeat(20_000)}`],
    ['schema.json', `{"properties":{"usage_id":{"type":"string"}},"rows":[${RECORD}]}`],
    ['config.json', '{"provider":"openai","model":"gpt-5","apiKey":"x"}'],
    ['terraform.json', '[{"provider":"aws","region":"eu-west-1"},{"provider":"gcp"}]'],
    ['providers.json', '[{"provider":{"usage_id":{"type":"string"}}}]'],
    ['log.json', '{"provider":"aws","message":"up"}\n{"provider":"aws","message":"down"}\n'],
    ['comments.json', '[{"provider":"aws"}, // ours\n {"provider":"gcp"}]'],
    ['settings.json', '{ // ours\n  "provider": "openai", "model": "gpt-5", "keys": {} }'],
    ['header.json', '// Settings\n{ "provider": "openai", }'],
    ['unclosed.json', '{"provider":"openai","model":"gpt-5"'],
    ['numbers.json', '[{"usage_id":1},{"usage_id":2}]'],
    ['large.json', `{"text":"${'x'.repeat(200_000)}"}`],
    ['text.json', 'once upon a time'],
    ['notes.db', `Berkeley ${'data '.repeat(2000)}`],
    ['pictures.sqlite', '\u0089PNG\r\n'],
  ])('%s: %s', async (name, content) => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    expect(await track(file)).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('is not a ledger'),
    });
    expect(readFileSync(file, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('by clear, too', async () => {
    const file = path.join(folder, 'package.json');
    writeFileSync(file, '{"name":"x"}');
    const ledger = new CostTracker({ ledger: file, pricing: false });
    await expect(ledger.clear()).rejects.toMatchObject({ code: 'unsupported' });
    await ledger.close();
    expect(readFileSync(file, 'utf8')).toBe('{"name":"x"}');
  });

  it('until it is made a ledger by repair, which keeps what it held', async () => {
    for (const content of ['{"name":"x"}', '[1,2,3]']) {
      const file = path.join(folder, 'costs.json');
      writeFileSync(file, content);
      const ledger = new CostTracker({ ledger: file, pricing: false });
      const { keptIn } = await ledger.repair();
      expect(readFileSync(keptIn!, 'utf8')).toBe(content);
      await ledger.close();
      expect(await track(file)).toBeUndefined();
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject([USAGE]);
      for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
    }
  });
});

it('is told by all of its bytes, however few of them a read gives, and though it shrinks meanwhile', async () => {
  const file = path.join(folder, 'costs.json');
  const place = { folder, base: 'costs.json', path: file };
  const read = (most: number, until: number): Disk => ({
    ...nodeDisk,
    read: async (fd, into, at) => (at >= until ? 0 : nodeDisk.read(fd, into.subarray(0, most), at)),
  });
  writeFileSync(file, `{"properties":{"usage_id":{"type":"string"}},"rows":[${RECORD}]}`);
  await expect(refuseForeignFile(read(7, Infinity), place)).rejects.toMatchObject({ code: 'unsupported' });
  writeFileSync(file, `[${RECORD}]`);
  await refuseForeignFile(read(7, Infinity), place);
  writeFileSync(file, `[{"provider":"openai","model":"gpt-5","operation":"chat"}]`);
  await refuseForeignFile(read(7, Infinity), place);
  await refuseForeignFile(read(7, 40), place);
});

describe('a ledger is none of them', () => {
  it.each([
    ['nothing', ''],
    ['an empty array', '[]\n'],
    ['an empty object', '{}\n'],
    ['a record that is cut off before its id', '[\n  {"provider":"openai","mod'],
    ['a record that is cut off within its first name', '[{"usa'],
    ['a record that is cut off behind zero bytes and lines', '\0\0 \r\n[\0\n\t{ "usage_i'],
    ['an array that was just begun', '\uFEFF[\n  '],
    ['zero bytes after a power cut', '\0'.repeat(4096)],
    ['a record', `[${RECORD}]`],
    ['a record that is cut off', `[\n  ${RECORD.slice(0, 40)}`],
    ['a record behind much else', `[${'{"other":"'.concat('x'.repeat(150_000), '"}')},${RECORD}]`],
    ['NDJSON without ids', `${JSON.stringify(NO_ID)}\n${JSON.stringify(NO_ID)}\n`],
    ['a record without an id between conflict markers', `[\n<<<<<<< HEAD\n${JSON.stringify(NO_ID)}\n=======\n`],
    ['a record in a call', `callback([${JSON.stringify(NO_ID)}]);`],
    ['a cut-off record alone', RECORD.slice(0, 60)],
    ['NDJSON', `${RECORD}\n${RECORD.replace('"a"', '"b"')}\n`],
    ['a single record', RECORD],
    ['a single record that its id alone shows', '{"usage_id":"a","cost_usd":1}'],
    ['a record that its id alone shows, behind much else', `[{"provider":"${'x'.repeat(150_000)}"},{"usage_id":"a"}]`],
  ])('%s', async (_, content) => {
    const file = path.join(folder, 'costs.json');
    writeFileSync(file, content);
    expect(await track(file)).toBeUndefined();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toContainEqual(expect.objectContaining(USAGE));
  });

  it('damaged beyond recognition, but with a backup beside it', async () => {
    const file = path.join(folder, 'costs.json');
    writeFileSync(file, 'garbage');
    writeFileSync(`${file}.prev`, `[${RECORD}]`);
    expect(await track(file)).toBeUndefined();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(2);
  });
});
