import type { Connection } from 'pg';
import { describe, expect, it } from 'vitest';
import { CopyIn, copyLine } from '../../../../src/ledger/postgres/server/copyIn.ts';

/** The client's side of COPY: what is sent, in which pieces, and that its end is told once. */

function connection() {
  const sent: string[] = [];
  return {
    sent,
    query: (text: string) => void sent.push(`query ${text}`),
    sendCopyFromChunk: (chunk: Buffer) => void sent.push(chunk.toString('utf8')),
    endCopyFrom: () => void sent.push('end'),
  };
}

function copy(lines: string) {
  const told: unknown[] = [];
  const to = connection();
  const copying = new CopyIn('COPY table FROM STDIN', lines);
  copying.callback = (error) => told.push(error);
  copying.submit(to as unknown as Connection);
  expect(to.sent.splice(0)).toEqual(['query COPY table FROM STDIN']);
  copying.handleCopyInResponse(to);
  return { copying, told, sent: to.sent };
}

describe('rows that are copied', () => {
  it('are sent at once when they are few, and their end after them', () => {
    expect(copy('a\tb\nc\td\n').sent).toEqual(['a\tb\nc\td\n', 'end']);
    expect(copy('').sent).toEqual(['end']);
  });

  it('are sent in pieces of about a megabyte that end with a line, so that no character is cut', () => {
    const line = `${'é💸'.repeat(100_000)}\n`;
    const { sent } = copy(line.repeat(12));
    expect(sent.pop()).toBe('end');
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.every((piece) => piece.endsWith('\n') && piece.length < (1 << 20) + line.length + 1)).toBe(true);
    expect(sent.join('')).toBe(line.repeat(12));
    // The last piece ends with the text, also without a line's end.
    const { sent: long } = copy(`${'x'.repeat(1 << 20)}yz`);
    expect(long.map((piece) => piece.length)).toEqual([(1 << 20) + 2, 3]);
    const { sent: exact } = copy(`${'x'.repeat((1 << 20) - 1)}\n`);
    expect(exact.map((piece) => piece.length)).toEqual([1 << 20, 3]);
  });

  it('are done when the server is ready, and failed when it says so, once', () => {
    const well = copy('a\n');
    well.copying.handleCommandComplete();
    expect(well.told).toEqual([]);
    well.copying.handleReadyForQuery();
    well.copying.handleReadyForQuery();
    expect(well.told).toEqual([null]);
    const badly = copy('a\n');
    const error = new Error('no');
    badly.copying.handleError(error);
    badly.copying.handleReadyForQuery();
    expect(badly.told).toEqual([error]);
  });
});

it('a row is a line in which the characters with a meaning are escaped', () => {
  const values = [1, 2n, true, null, 'plain', 'a\tb', 'a\nb', 'a\rb', 'a\\b', '\\N', ''];
  expect(
    copyLine(
      'ledger\t',
      values,
      values.map((_, i) => (row: typeof values) => row[i]!),
    ),
  ).toBe('ledger\\t\t1\t2\ttrue\t\\N\tplain\ta\\tb\ta\\nb\ta\\rb\ta\\\\b\t\\\\N\t\n');
  expect(copyLine('x', undefined, [() => 'a\n\n\\\t\t'])).toBe('x\ta\\n\\n\\\\\\t\\t\n');
  expect(copyLine('x', undefined, [])).toBe('x\n');
});
