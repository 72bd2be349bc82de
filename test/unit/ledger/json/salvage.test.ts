import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ElementScanner } from '../../../../src/ledger/json/elements.ts';
import { LedgerIndex } from '../../../../src/ledger/json/index.ts';
import { salvage, type Wanted } from '../../../../src/ledger/json/salvage/salvage.ts';
import { cpuTimeBelow } from '../../../fixtures/cpuTime.ts';
import { usage } from '../../usage/records.ts';
import { runs } from '../../../long.ts';

const record = fc
  .record({ id: fc.integer({ min: 0, max: 999 }), text: fc.string(), more: fc.dictionary(fc.string(), fc.string()) })
  .map(({ id, text, more }) => ({ mark: `record-${id}`, text, more }));
const rubbish = fc.constantFrom('<<<<<<< HEAD\n', '=======\n', ']', '[', ',,', '}', 'nonsense ', '\u0000', '][');

function isRecord(bytes: Buffer): Wanted {
  return {
    members: ['mark'],
    accept: (start, end) => 'mark' in (JSON.parse(bytes.toString('utf8', start, end)) as object),
  };
}

function salvaged(bytes: Buffer): unknown[] {
  return [...salvage(bytes, 0, bytes.length, isRecord(bytes))].flatMap((range) =>
    range ? [JSON.parse(bytes.toString('utf8', range.start, range.end)) as unknown] : [],
  );
}

describe('salvage', () => {
  it('finds every whole record between rubbish, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(record, rubbish, fc.integer({ min: 0, max: 2 })), { maxLength: 6 }), (items) => {
        const text = items.map(([each, junk, indent]) => `${junk}${JSON.stringify(each, null, indent)}\n`).join('');
        expect(salvaged(Buffer.from(text))).toEqual(items.map(([each]) => JSON.parse(JSON.stringify(each)) as unknown));
      }),
    );
  });

  it('finds every record before a cut', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.nat(), (items, where) => {
        const bytes = Buffer.from(JSON.stringify(items, null, 2));
        const cut = where % bytes.length;
        const whole: unknown[] = [];
        const scanner = new ElementScanner(bytes, bytes.length);
        while (scanner.next())
          if (scanner.end <= cut) whole.push(JSON.parse(bytes.toString('utf8', scanner.start, scanner.end)));
        expect(salvaged(bytes.subarray(0, cut))).toEqual(whole);
      }),
    );
  });

  it('finds every record of a one-line array that one changed byte does not touch', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 2, maxLength: 6 }), fc.nat(), fc.nat(255), (items, where, byte) => {
        const texts = items.map((item) => JSON.stringify(item));
        const bytes = Buffer.from(`[${texts.join(',')}]`);
        const at = where % bytes.length;
        bytes[at] = byte;
        const found = salvaged(bytes).map((value) => JSON.stringify(value));
        let start = 1;
        for (const text of texts) {
          const end = start + Buffer.byteLength(text);
          if (at < start || at >= end) expect(found).toContain(text);
          start = end + 1;
        }
      }),
      { numRuns: runs(100) },
    );
  });

  it('descends into arrays and objects of any depth', () => {
    const inner = '{"mark":"deep"}';
    for (const text of [
      `[${inner},[${inner},[[${inner}]]]]`,
      `${'['.repeat(5000)}${inner}${']'.repeat(5000)}`,
      `{"data":{"records":[${inner},${inner}]}}`,
    ]) {
      const expected = text.split('deep').length - 1;
      expect(salvaged(Buffer.from(text))).toEqual(Array.from({ length: expected }, () => ({ mark: 'deep' })));
    }
  });

  it('takes no text for a record', () => {
    const quoted = JSON.stringify({ note: JSON.stringify({ mark: 'a' }), more: '{"mark":"b"}' });
    expect(salvaged(Buffer.from(`[${quoted}]`))).toEqual([]);
  });

  it('looks only at objects that have the members themselves, also where their names are escaped', () => {
    const [inner, escaped] = ['{"b":1,"x":{"c":2},"a":[{"y":0}]}', String.raw`{"\u0061":1,"b":{}}`];
    const bytes = Buffer.from(
      `{"a":${inner},"x":[[${escaped}],{"a":1,"c":{"b":2}},{"ab":1,"b":2}],"c":[{"a":"b"},{"b":"{\\"a\\":1"}],"d":`,
    );
    const looked: string[] = [];
    const accept = (start: number, end: number): boolean => {
      looked.push(bytes.toString('utf8', start, end));
      return false;
    };
    for (const range of salvage(bytes, 0, bytes.length, { members: ['a', 'b'], accept })) expect(range).toBeUndefined();
    expect(looked).toEqual([inner, escaped]);
  });

  it('finds a record within any number of objects that are none', async () => {
    const record = JSON.stringify(usage({ usage_id: 'deep' }));
    const text = `${'{"a":['.repeat(200_000)}${record}${']}'.repeat(200_000)}`;
    for (const each of [text, text.slice(0, -1), `{"provider":${text}}`]) {
      const index = new LedgerIndex('costs.json');
      await index.extend({ buffer: Buffer.from(each), length: Buffer.byteLength(each) }, false);
      expect([...index.ids]).toEqual(['deep']);
    }
  });

  it('never throws, whatever the bytes', () => {
    const soup = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '{"', '1', '\n', '\u0000', 'é', '\\u00'),
    );
    fc.assert(
      fc.property(soup, (tokens) => void salvaged(Buffer.from(tokens.join('')))),
      { numRuns: runs(500) },
    );
  });

  const HOSTILE: Readonly<Record<string, (size: number) => string>> = {
    'quotes behind a backslash': (size) => String.raw`{"\"`.repeat(size / 4),
    'objects that never end': (size) => '{"a":'.repeat(size / 5),
    'objects that end far away': (size) => `${'{"a":'.repeat(size / 6)}1${'}'.repeat(size / 6)}`,
    'empty objects': (size) => '{},'.repeat(size / 3),
    'one text after the other': (size) => '{"'.repeat(size / 2),
    'brackets of both kinds': (size) => '[{"a":['.repeat(size / 7),
    spaces: (size) => '{ '.repeat(size / 2),
    'texts that hold the start of an object': (size) => '{"x{":"y{",'.repeat(size / 11),
  };

  it.each(Object.keys(HOSTILE))('takes time that grows with the bytes alone: %s', async (name) => {
    const took = (size: number, limit: number): Promise<number> => {
      const bytes = Buffer.from(HOSTILE[name]!(size));
      return cpuTimeBelow(limit, () => {
        for (const range of salvage(bytes, 0, bytes.length, isRecord(bytes))) expect(range).toBeUndefined();
      });
    };
    await took(1 << 14, Infinity);
    // Sixteen times the bytes: 256 times the time if it were quadratic.
    const limit = 64 * Math.max(await took(1 << 17, Infinity), 2);
    expect(await took(1 << 21, limit)).toBeLessThan(limit);
  });

  it.each(['0,', '[],', '{},', '"a",', '{"a":[1]},'])(
    'takes time that grows with the number of elements alone, when their records are looked for: %s',
    async (element) => {
      const took = (size: number, limit: number): Promise<number> => {
        const buffer = Buffer.from(`[${element.repeat(size / element.length)}0]`);
        return cpuTimeBelow(limit, async () => {
          const index = new LedgerIndex('costs.json');
          await index.extend({ buffer, length: buffer.length }, false);
          expect(await index.everyRecord()).toEqual([]);
        });
      };
      await took(1 << 14, Infinity);
      const limit = 64 * Math.max(await took(1 << 16, Infinity), 4);
      expect(await took(1 << 20, limit)).toBeLessThan(limit);
    },
  );
});
