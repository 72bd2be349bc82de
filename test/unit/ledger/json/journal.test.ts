import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import type { Entry, JournalContent } from '../../../../src/ledger/json/journalContent.ts';
import { Journal, journalLine } from '../../../../src/ledger/json/journal.ts';
import { parseJournal } from '../../../../src/ledger/json/journalContent.ts';
import { cpuTimer } from '../../../fixtures/cpuTime.ts';
import { records, usage } from '../../usage/records.ts';

function entry(id: string, fields: object = {}): Entry {
  const record = usage({ usage_id: id, ...fields });
  return { record, text: JSON.stringify(record), seen: 3 };
}
const offsetOf = (lines: readonly Buffer[], count: number): number => Buffer.concat(lines.slice(0, count)).length;
function parsed(bytes: Buffer): JournalContent {
  const reading = parseJournal(bytes);
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
  }
}
const idsOf = (bytes: Buffer): string[] => parsed(bytes).entries.map(({ record }) => record.usage_id);

describe('parseJournal', () => {
  it('reads a whole line after blanks, as a disk leaves them that lost what was before', () => {
    const line = journalLine(entry('a')).trim();
    expect(idsOf(Buffer.from(`\0${line}\n`))).toEqual(['a']);
    expect(parsed(Buffer.from(`\0\0${line.slice(9)}\n`))).toEqual({ entries: [], bad: 0 });
  });

  it('finds nothing in nothing, and passes over blank lines', () => {
    expect(parsed(Buffer.from(''))).toEqual({ entries: [], bad: 0 });
    expect(parsed(Buffer.from('\n\n'))).toEqual({ entries: [], bad: 0 });
  });

  it('reads back what it writes, whatever the texts', () => {
    const notes = fc.string({ unit: fc.oneof(fc.constantFrom('\n', '\u2028', '\u2029', '\r', '"', '}'), fc.string()) });
    fc.assert(
      fc.property(fc.array(fc.tuple(records, notes, fc.nat()), { maxLength: 5 }), (items) => {
        const entries = items.map(([record, note, seen]) => ({
          record,
          seen,
          text: JSON.stringify({ ...record, note }),
        }));
        const { entries: found, bad } = parsed(Buffer.from(entries.map(journalLine).join('')));
        expect(bad).toBe(0);
        expect(found.map(({ text, seen }) => ({ text, seen }))).toEqual(
          entries.map(({ text, seen }) => ({ text, seen })),
        );
      }),
    );
  });

  it('cut off anywhere, has exactly the lines that are whole', () => {
    const lines = ['a', 'b', 'c'].map((id) => Buffer.from(journalLine(entry(id, { model: 'é' }))));
    const whole = Buffer.concat(lines);
    for (let cut = 0; cut <= whole.length; cut++) {
      const complete = lines.filter((_, i) => Buffer.concat(lines.slice(0, i + 1)).length <= cut).length;
      const content = parsed(whole.subarray(0, cut));
      expect(content.entries).toHaveLength(complete);
      expect(content.bad).toBe(0);
    }
  });

  it.each(['{}\n', '\n', `${'x'.repeat(100)}\n`, '\0\0\n', journalLine(entry('a', { note: 'x'.repeat(900) }))])(
    'pauses between many lines: %j',
    (line) => {
      const steps = parseJournal(Buffer.from(line.repeat(2_000_000 / line.length)));
      let longest = 0;
      const next = (): IteratorResult<void, JournalContent> => {
        const took = cpuTimer();
        const step = steps.next();
        longest = Math.max(longest, took());
        return step;
      };
      for (let step = next(); step.done !== true; step = next());
      expect(longest).toBeLessThan(60);
    },
  );

  it('counts lines that are no entry', () => {
    const text = `nonsense\n${journalLine(entry('a'))}{"seen":1,"record":{"usage_id":"x"}}\n{"seen":1,"record":{]}\n`;
    const content = parsed(Buffer.from(text));
    expect(content.entries).toHaveLength(1);
    expect(content.bad).toBe(3);
  });
});

describe('Journal', () => {
  let folder: string;
  let journal: Journal;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-journal-'));
    journal = new Journal(nodeDisk, folder, 'costs.json');
  });
  afterEach(async () => {
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.journal'));

  it('holds what was appended, all of it, once it says so', async () => {
    const [a, b] = await Promise.all([journal.append([entry('a')]), journal.append([entry('b'), entry('c')])]);
    expect(a).toBe(b);
    expect(idsOf(readFileSync(a.path))).toEqual(['a', 'b', 'c']);
    expect(journal.isOwn(a.path)).toBe(true);
  });

  it('goes on in a new file when its own was carried away', async () => {
    const first = await journal.append([entry('a')]);
    const carried = `${first.path.slice(0, -'.journal'.length)}0.journal`;
    renameSync(first.path, carried);
    const second = await journal.append([entry('b')]);
    expect(second.path).not.toBe(first.path);
    expect(idsOf(readFileSync(second.path))).toEqual(['b']);
    expect(idsOf(readFileSync(carried))).toContain('a');
  });

  it('is blank once all has settled, and gone once it is closed', async () => {
    const file = await journal.append([entry('a'), entry('b')]);
    await journal.settle(file, 1);
    expect(idsOf(readFileSync(file.path))).toEqual(['a', 'b']);
    await journal.settle(file, 1);
    expect(readFileSync(file.path).every((byte) => byte === 0)).toBe(true);
    await journal.append([entry('c')]);
    expect(idsOf(readFileSync(file.path))).toEqual(['c']);
    await journal.settle(file, 1);
    await journal.close();
    expect(files()).toEqual([]);
  });

  it('has no bytes once all has settled, where an fsync alone makes a write durable', async () => {
    journal = new Journal({ ...nodeDisk, durableWrites: false }, folder, 'costs.json');
    const file = await journal.append([entry('a'), entry('b')]);
    await journal.settle(file, 2);
    expect(statSync(file.path).size).toBe(0);
    expect((await journal.append([entry('c')])).path).toBe(file.path);
    expect(idsOf(readFileSync(file.path))).toEqual(['c']);
    await journal.settle(file, 1);
  });

  it('keeps its blocks over thousands of lines, which then take one write each and no room', async () => {
    const one = await journal.append([entry('a')]);
    const { size, ino } = statSync(one.path);
    expect(size).toBe(4_096);
    for (let i = 0; i < 100; i++) await journal.settle(await journal.append([entry(`b${i}`)]), i === 0 ? 2 : 1);
    expect(statSync(one.path)).toMatchObject({ size, ino });
    const many = Array.from({ length: 1_000 }, (_, i) => entry(`c${i}`));
    await journal.settle(await journal.append(many), many.length);
    expect(statSync(one.path).size).toBeLessThan(65_536);
  });

  it.each([0, 1, 100, 200, 4_096, 70_000])('needs no room but that of its lines: %i bytes more', async (room) => {
    const line = journalLine(entry('a')).length;
    let left = line + room;
    const full: Disk = {
      ...nodeDisk,
      append(fd, bytes, position) {
        if (left === 0) return Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
        const count = Math.min(bytes.length, left);
        left -= count;
        return nodeDisk.append(fd, bytes.subarray(0, count), position);
      },
    };
    const tight = new Journal(full, folder, 'tight.json');
    const file = await tight.append([entry('a')]);
    expect(idsOf(readFileSync(file.path))).toEqual(['a']);
    await tight.settle(file, 1);
    await tight.close();
  });

  it('asks for less where a quota refuses the blank space whole', async () => {
    const line = Buffer.byteLength(journalLine(entry('a')));
    const strict: Disk = {
      ...nodeDisk,
      append: (fd, bytes, position) =>
        bytes.length > line
          ? Promise.reject(Object.assign(new Error('quota'), { code: 'EDQUOT' }))
          : nodeDisk.append(fd, bytes, position),
    };
    const tight = new Journal(strict, folder, 'tight.json');
    const file = await tight.append([entry('a')]);
    expect(idsOf(readFileSync(file.path))).toEqual(['a']);
    await expect(tight.append([entry('b'), entry('c')])).rejects.toThrow('quota');
    expect(idsOf(readFileSync(file.path))).toEqual(['a']);
    await tight.settle(file, 1);
    await tight.close();
  });

  it('takes an unreadable folder for no sign that it was carried away', async () => {
    let blind = false;
    const disk: Disk = {
      ...nodeDisk,
      isThereSync: (path) => !blind && nodeDisk.isThereSync(path),
      statSync: (path) => {
        if (blind) throw Object.assign(new Error('no access'), { code: 'EACCES' });
        return nodeDisk.statSync(path);
      },
    };
    const own = new Journal(disk, folder, 'own.json');
    const file = await own.append([entry('a')]);
    blind = true;
    await expect(own.append([entry('b')])).rejects.toThrow('no access');
    blind = false;
    expect(idsOf(readFileSync(file.path))).toEqual(['a']);
    await own.settle(file, 1);
    await own.close();
  });

  it('half blanked by a crash, or half written over blank space, it has what is whole and no damage', () => {
    const lines = ['a', 'b', 'c'].map((id) => Buffer.from(journalLine(entry(id, { model: 'é' }))));
    const whole = Buffer.concat([...lines, Buffer.alloc(500)]);
    for (let blanked = 0; blanked <= whole.length; blanked++) {
      const left = Buffer.from(whole).fill(0, 0, blanked);
      expect(parsed(left).bad).toBe(0);
      expect(idsOf(left)).toEqual(['a', 'b', 'c'].filter((_, i) => offsetOf(lines, i) >= blanked));
      const written = Buffer.from(whole).fill(0, blanked);
      expect(parsed(written).bad).toBe(0);
      expect(idsOf(written)).toEqual(['a', 'b', 'c'].filter((_, i) => offsetOf(lines, i + 1) <= blanked));
    }
  });

  it('takes no line for a record that has a hole in it', () => {
    const whole = Buffer.from(journalLine(entry('a', { note: 'x'.repeat(600) })));
    for (let at = 1; at < whole.length - 1; at += 7) {
      const torn = Buffer.from(whole).fill(0, at, Math.min(at + 50, whole.length - 1));
      expect(parsed(torn)).toEqual({ entries: [], bad: 1 });
    }
  });

  it('stays when it is closed with something in it', async () => {
    const file = await journal.append([entry('a')]);
    await journal.close();
    expect(idsOf(readFileSync(file.path))).toEqual(['a']);
  });
});
