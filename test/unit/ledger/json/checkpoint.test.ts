import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { JsonStore } from '../../../../src/ledger/json/store.ts';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import type { UsageInput, UsageRecord } from '../../../../src/usage/record.ts';
import { usage } from '../../usage/records.ts';
import { runs } from '../../../long.ts';

const call: UsageInput = { provider: 'p', model: 'm', operation: 'o', cost_usd: 0.25 };
const RECORDS = 500;
const firstId = '00000000-0000-4000-8000-000000000000';
const NAME = '.costs.json.checkpoint';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const ledgerIn = (place: string): string => join(place, 'costs.json');

/** The work of a one-shot `record`: records one usage and exits. */
async function recordOnce(place: string, input: UsageInput = call, disk: Disk = nodeDisk): Promise<UsageRecord> {
  const ledger = new Ledger(new JsonStore({ path: ledgerIn(place), oneShot: true, disk }));
  try {
    return await ledger.track(input);
  } finally {
    await ledger.close();
  }
}

function fill(place: string, records = RECORDS): void {
  const all = Array.from({ length: records }, (_, i) =>
    usage({ usage_id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, note: `é ${'x'.repeat(100)}` }),
  );
  writeFileSync(ledgerIn(place), `[\n${all.map((record) => JSON.stringify(record)).join(',\n')}\n]\n`);
}

const checkpointIn = (place: string): { end: number; elements: number; crc32: number } =>
  JSON.parse(readFileSync(join(place, NAME), 'utf8'));
const elementsIn = (place: string): UsageRecord[] => JSON.parse(readFileSync(ledgerIn(place), 'utf8'));

describe('a checkpoint', () => {
  it('says how far the ledger is sound, record by record', async () => {
    fill(folder);
    for (let times = 1; times <= 3; times++) {
      await recordOnce(folder);
      const bytes = readFileSync(ledgerIn(folder));
      const { end, elements } = checkpointIn(folder);
      expect(elements).toBe(RECORDS + times);
      expect(elementsIn(folder)).toHaveLength(RECORDS + times);
      expect(bytes.subarray(end).toString().trim()).toBe(']');
    }
  });

  it('stays true over what others append', async () => {
    fill(folder);
    await recordOnce(folder);
    const { end } = checkpointIn(folder);
    const other = new Ledger(new JsonStore({ path: ledgerIn(folder) }));
    await other.track(call);
    await other.close();
    expect(checkpointIn(folder).end).toBe(end);
    await recordOnce(folder);
    expect(checkpointIn(folder).elements).toBe(RECORDS + 3);
    expect(elementsIn(folder)).toHaveLength(RECORDS + 3);
  });

  it('is not made for a small ledger, which is parsed sooner', async () => {
    fill(folder, 10);
    await recordOnce(folder);
    expect(readdirSync(folder)).not.toContain(NAME);
  });

  it('spares reading what it covers: no damage is looked for there', async () => {
    fill(folder);
    const text = readFileSync(ledgerIn(folder), 'utf8').replace('"note":"é', '"note":?"é');
    writeFileSync(ledgerIn(folder), text);
    const covered = Buffer.from(text.slice(0, text.lastIndexOf('}') + 1));
    const checkpoint = { end: covered.length, elements: RECORDS, crc32: crc32(covered) };
    writeFileSync(join(folder, NAME), JSON.stringify(checkpoint));
    await recordOnce(folder);
    expect(readFileSync(ledgerIn(folder), 'utf8').startsWith(covered.toString())).toBe(true);
    rmSync(join(folder, NAME));
    await recordOnce(folder);
    expect(readdirSync(folder).some((name) => name.includes('corrupt'))).toBe(true);
    expect(elementsIn(folder)).toHaveLength(RECORDS + 1);
  });

  it('hides no record: an id that is there already is not counted twice', async () => {
    fill(folder);
    await recordOnce(folder);
    const there = elementsIn(folder)[0]!;
    const again = await recordOnce(folder, there);
    expect(again.usage_id).toBe(firstId);
    await expect(recordOnce(folder, { ...there, cost_usd: 99 })).rejects.toThrow(/usage_id/);
    expect(elementsIn(folder)).toHaveLength(RECORDS + 1);
  });

  it('hides no record of another program, whose id may be written in any way', async () => {
    fill(folder);
    const text = readFileSync(ledgerIn(folder), 'utf8');
    writeFileSync(ledgerIn(folder), text.replace(firstId, '\\u0061b'));
    await recordOnce(folder);
    const there = elementsIn(folder)[0]!;
    expect(there.usage_id).toBe('ab');
    expect((await recordOnce(folder, there)).usage_id).toBe('ab');
    expect((await recordOnce(folder, { ...call, usage_id: 'new' })).usage_id).toBe('new');
    expect(elementsIn(folder)).toHaveLength(RECORDS + 2);
  });

  it('is taken for nothing where it is no such thing', async () => {
    fill(folder);
    await recordOnce(folder);
    const sound = checkpointIn(folder);
    const odd = ['', 'nonsense', '[]', 'null', '{}', '{"end":-1,"elements":1,"crc32":1}'];
    odd.push(JSON.stringify({ ...sound, end: sound.end - 1 }), JSON.stringify({ ...sound, end: 1e12 }));
    odd.push(JSON.stringify({ ...sound, crc32: sound.crc32 ^ 1 }));
    for (const [i, text] of odd.entries()) {
      writeFileSync(join(folder, NAME), text);
      await recordOnce(folder);
      expect(elementsIn(folder)).toHaveLength(RECORDS + 2 + i);
    }
  });

  it('that cannot be written is no matter', async () => {
    fill(folder);
    const disk: Disk = {
      ...nodeDisk,
      open: (path, flags, mode) =>
        path.endsWith(NAME) && flags === 'wx'
          ? Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }))
          : nodeDisk.open(path, flags, mode),
    };
    await recordOnce(folder, call, disk);
    expect(elementsIn(folder)).toHaveLength(RECORDS + 1);
    expect(readdirSync(folder)).not.toContain(NAME);
  });
});

describe('whatever became of the ledger since', () => {
  let template: string;
  let size: number;
  beforeAll(async () => {
    template = mkdtempSync(join(tmpdir(), 'llm-spend-checkpoint-template-'));
    fill(template);
    await recordOnce(template);
    size = statSync(ledgerIn(template)).size;
  });
  afterAll(() => rmSync(template, { recursive: true, force: true }));

  /** Makes the same change with and without a checkpoint, and compares the result of a record. */
  async function outcome(change: (bytes: Buffer) => Buffer, withCheckpoint: boolean): Promise<unknown> {
    const place = mkdtempSync(join(folder, 'case-'));
    cpSync(template, place, { recursive: true });
    if (!withCheckpoint) rmSync(join(place, NAME));
    writeFileSync(ledgerIn(place), change(readFileSync(ledgerIn(place))));
    const { usage_id: id } = await recordOnce(place, { ...call, timestamp: '2026-01-01T00:00:00Z' });
    const text = (name: string): string =>
      readFileSync(join(place, name), 'utf8')
        .replaceAll(id, 'ID')
        // The note of a recovery names its time and the file that it kept.
        .replaceAll(/corrupt\.\d+-\w+/g, 'corrupt')
        .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME');
    const names = readdirSync(place).filter((name) => name !== NAME);
    return names.map((name) => [name.replace(/corrupt\..*/, 'corrupt'), text(name)]);
  }

  it('comes to the same as without a checkpoint', async () => {
    const changes = fc.oneof(
      fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => (bytes: Buffer) => {
        bytes[at] = byte;
        return bytes;
      }),
      fc.nat({ max: size }).map((end) => (bytes: Buffer) => bytes.subarray(0, end)),
      fc
        .constantFrom('', ',', ' \n', ']', ',{"provider":"a"}\n]', `,${JSON.stringify(usage({ usage_id: 'z' }))}]`)
        .map(
          (tail) => (bytes: Buffer) => Buffer.concat([bytes.subarray(0, bytes.lastIndexOf('\n]')), Buffer.from(tail)]),
        ),
    );
    await fc.assert(
      fc.asyncProperty(changes, async (change) => {
        expect(await outcome(change, true)).toEqual(await outcome(change, false));
      }),
      { numRuns: runs(12) },
    );
  });
});
