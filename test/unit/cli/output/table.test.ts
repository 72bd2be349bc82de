import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { table, truncate, type Column } from '../../../../src/cli/output/table.ts';

const columns: Column[] = [
  { title: 'Model', shrinks: true },
  { title: 'Records', align: 'right', dropOrder: 1 },
  { title: 'Cost', align: 'right' },
];

describe('table', () => {
  it('shows only titles for no rows', () => {
    expect(table(columns, [])).toBe('Model  Records  Cost');
  });

  it('aligns figures right, and sets a sum apart', () => {
    const rows = [
      ['gpt-5', '1,200', '$4.20'],
      ['o3', '3', '$10.00'],
      ['Total', '1,203', '$14.20'],
    ];
    expect(table(columns, rows, { indent: 2, footer: true })).toBe(
      [
        '  Model  Records    Cost',
        '  gpt-5    1,200   $4.20',
        '  o3           3  $10.00',
        '  ─────  ───────  ──────',
        '  Total    1,203  $14.20',
      ].join('\n'),
    );
  });

  it('counts cells, not code units', () => {
    const rows = [
      ['日本語', '1', '$1.00'],
      ['e\u0301', '2', '$2.00'],
      ['👩‍👩‍👧', '3', '$3.00'],
      ['abc', '4', '$4.00'],
    ];
    const widths = table(columns, rows)
      .split('\n')
      .map((line) => stringWidth(line));
    expect(new Set(widths).size).toBe(1);
  });

  it('cuts what may shrink, then leaves columns out', () => {
    const rows = [['a-very-long-model-name-indeed', '1,200', '$4.20']];
    expect(table(columns, rows, { width: 30 }).split('\n')[1]).toBe('a-very-long-m…    1,200  $4.20');
    expect(table(columns, rows, { width: 16 })).toBe('Model       Cost\na-very-l…  $4.20');
  });

  it('lets no text out that steers a terminal', () => {
    const rows = [['\u001B[31mred\u001B[0m\r\n\u202Eevil\u0007', '1', '$1.00']];
    const text = table(columns, rows);
    expect(text.split('\n')).toHaveLength(2);
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E]/);
  });

  it('is never wider than it may be, while it may shrink', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 30 })),
        fc.integer({ min: 30, max: 80 }),
        (names, width) => {
          const text = table(
            columns,
            names.map((name) => [name, '1,200', '$4.20']),
            { width },
          );
          return text.split('\n').every((line) => stringWidth(line) <= width);
        },
      ),
    );
  });
});

describe('truncate', () => {
  it('keeps what fits, and graphemes whole', () => {
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abcd', 3)).toBe('ab…');
    expect(truncate('日本語', 4)).toBe('日…');
    expect(truncate('abc', 0)).toBe('');
    expect(truncate('x👩‍👩‍👧y', 3)).toBe('x…');
  });
});
