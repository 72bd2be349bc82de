import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_LINE, readLines, type LinePosition } from '../../../../src/sources/reading/lines.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-lines-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Read {
  lines: [text: string, number: number, offset: number][];
  tooLong: [number: number, bytes: number][];
  tail: string | undefined;
  position: LinePosition;
}

/** @param every stop after so many chunks and go on from there, as an import does that stores in between. */
async function read(
  content: string | Buffer,
  markers: string[] = [],
  from?: LinePosition,
  every = Infinity,
): Promise<Read> {
  const file = join(folder, 'file');
  writeFileSync(file, content);
  const handle = await open(file);
  const result: Read = { lines: [], tooLong: [], tail: undefined, position: from ?? { offset: 0, lines: 0 } };
  let asked = 0;
  try {
    for (;;) {
      const done = await readLines(
        { fd: handle.fd, from: result.position, end: Buffer.byteLength(content) },
        markers.map((marker) => Buffer.from(marker)),
        {
          line: (bytes, number, offset) => void result.lines.push([bytes.toString('latin1'), number, offset]),
          tooLong: (number, bytes) => void result.tooLong.push([number, bytes]),
          pause: () => ++asked % every === 0,
        },
      );
      result.position = done.position;
      result.tail = done.tail?.toString('latin1');
      if (done.ended) return result;
    }
  } finally {
    await handle.close();
  }
}

describe('lines of a file', () => {
  test('nothing in nothing', async () => {
    expect(await read('')).toEqual({ lines: [], tooLong: [], tail: undefined, position: { offset: 0, lines: 0 } });
  });

  test('line ends of both kinds, empty lines, and what has no end yet', async () => {
    const { lines, tail, position } = await read('a\r\n\nb\nhalf');
    expect(lines).toEqual([
      ['a', 1, 0],
      ['', 2, 3],
      ['b', 3, 4],
    ]);
    expect(tail).toBe('half');
    expect(position).toEqual({ offset: 6, lines: 3 });
  });

  test('only lines with one of the markers', async () => {
    const { lines } = await read('one x\ntwo\nthree y\nfour x y\n', ['x', 'y']);
    expect(lines.map(([text, number]) => `${number} ${text}`)).toEqual(['1 one x', '3 three y', '4 four x y']);
  });

  test('a line of 50 MB is stepped over, the ones around it are not', async () => {
    const long = Buffer.alloc(50_000_000, 'x');
    const { lines, tooLong, tail } = await read(Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n')]));
    expect(lines.map(([text]) => text)).toEqual(['a', 'b']);
    expect(tooLong).toEqual([[2, long.length]]);
    expect(tail).toBeUndefined();
  });

  test('an endless last line is not kept', async () => {
    const { lines, tail, position } = await read(Buffer.concat([Buffer.from('a\n'), Buffer.alloc(MAX_LINE + 10, 'x')]));
    expect(lines.map(([text]) => text)).toEqual(['a']);
    expect(tail).toBeUndefined();
    expect(position).toEqual({ offset: 2, lines: 1 });
  });

  test('lines across chunks, with pauses, from any line on', async () => {
    const line = fc.string({ maxLength: 40, unit: 'grapheme-ascii' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
    const texts = fc.array(
      fc.oneof({ weight: 20, arbitrary: line }, { weight: 1, arbitrary: fc.constant('z'.repeat(700_000)) }),
    );
    await fc.assert(
      fc.asyncProperty(texts, line, fc.nat(), async (lines, rest, start) => {
        const content = lines.map((text) => `${text}\n`).join('') + rest;
        const whole = await read(content);
        expect(whole.lines.map(([text]) => text)).toEqual(lines);
        expect(whole.tail ?? '').toBe(rest);
        expect(await read(content, [], undefined, 1)).toEqual(whole);
        const [, number = 1, offset = 0] = whole.lines[start % Math.max(1, lines.length)] ?? [];
        const after = await read(content, [], { offset, lines: number - 1 });
        expect(after.lines).toEqual(whole.lines.slice(number - 1));
      }),
      { numRuns: 60 },
    );
  });
});
