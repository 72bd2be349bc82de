import { describe, expect, it } from 'vitest';
import { csvRows, type CsvRow } from '../../../../src/sources/reading/csv.ts';

/** The rows of a text that arrives in chunks of `size`. */
async function rowsOf(text: string, size = 1_000_000, separator?: string): Promise<CsvRow[]> {
  const chunks = async function* (): AsyncGenerator<string> {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  };
  const rows: CsvRow[] = [];
  for await (const row of csvRows(chunks(), separator)) rows.push(row);
  return rows;
}

describe('csvRows', () => {
  it('reads cells with separators, quotes and line breaks, and says where each row begins', async () => {
    const text = '\uFEFFa,b\r\n1,"x, ""y"""\r\n\r\n2,"two\nlines"\n3,z';
    const expected = [
      { cells: ['a', 'b'], line: 1 },
      { cells: ['1', 'x, "y"'], line: 2 },
      { cells: ['2', 'two\nlines'], line: 4 },
      { cells: ['3', 'z'], line: 6 },
    ];
    for (const size of [1_000_000, 1, 3, 7]) expect(await rowsOf(text, size)).toEqual(expected);
  });

  it('finds the separator in the first line, unless it is given', async () => {
    expect(await rowsOf('a;b\n1,5;2\n')).toMatchObject([{ cells: ['a', 'b'] }, { cells: ['1,5', '2'] }]);
    expect(await rowsOf('a\tb\n1;5\t2\n')).toMatchObject([{ cells: ['a', 'b'] }, { cells: ['1;5', '2'] }]);
    expect(await rowsOf('a;b,c\n')).toMatchObject([{ cells: ['a;b', 'c'] }]);
    expect(await rowsOf('a,b\tc\n', 5, '\t')).toMatchObject([{ cells: ['a,b', 'c'] }]);
  });

  it('reads rows of other lengths, and quotes within a cell as they are', async () => {
    expect(await rowsOf('a,b\n1\n1,2,3\n5" disk,x\n')).toMatchObject([
      { cells: ['a', 'b'] },
      { cells: ['1'] },
      { cells: ['1', '2', '3'] },
      { cells: ['5" disk', 'x'] },
    ]);
  });

  it('has nothing for nothing', async () => {
    expect(await rowsOf('')).toEqual([]);
    expect(await rowsOf('\n\r\n')).toEqual([]);
  });

  it('names a quote that is not closed, and keeps the rows before it', async () => {
    expect(await rowsOf('a,b\n1,2\n3,"open\n4,5\n')).toEqual([
      { cells: ['a', 'b'], line: 1 },
      { cells: ['1', '2'], line: 2 },
      { cells: [], line: 4, problem: expect.stringMatching(/^Quote Not Closed.*the rest of the file was not read$/) },
    ]);
  });

  it('names a row that is too long, keeps the rows before it, and says that the rest was not read', async () => {
    const text = `a,b\n0,0\n1,${'x'.repeat(9_000_000)}\n2,3\n`;
    for (const size of [65_536, 20_000_000]) {
      expect(await rowsOf(text, size)).toEqual([
        { cells: ['a', 'b'], line: 1 },
        { cells: ['0', '0'], line: 2 },
        {
          cells: [],
          line: 3,
          problem: expect.stringMatching(/^Max Record Size.*the rest of the file was not read$/),
        },
      ]);
    }
  });
});
