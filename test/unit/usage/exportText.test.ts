import { describe, expect, test } from 'vitest';
import { exportPieces } from '../../../src/usage/exportText.ts';
import type { ExportFormat } from '../../../src/usage/exportText.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { parseInput } from '../../../src/usage/parseInput.ts';
import { FIELDS } from '../../../src/usage/fields.ts';

const record = (id: string, more = {}): UsageRecord =>
  parseInput(
    { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 0.5, ...more },
    { id: () => id, now: () => '2026-01-01T00:00:00Z' },
  );

async function text(format: ExportFormat, ...pages: UsageRecord[][]): Promise<string> {
  async function* all(): AsyncGenerator<UsageRecord[]> {
    yield* pages;
  }
  let result = '';
  for await (const piece of exportPieces(all(), format)) result += piece.text;
  return result;
}

describe('exportPieces', () => {
  test('makes a valid file of nothing', async () => {
    expect(await text('csv')).toBe(`${FIELDS.map(({ name }) => name).join(',')}\n`);
    expect(await text('json', [])).toBe('[]\n');
    expect(await text('ndjson', [])).toBe('');
  });

  test('joins pages, empty ones too', async () => {
    const [a, b, c] = [record('a'), record('b', { strange: { kept: true } }), record('c')];
    expect(JSON.parse(await text('json', [a, b], [], [c]))).toEqual([a, b, c]);
    const lines = (await text('ndjson', [], [a], [b, c])).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([a, b, c]);
    expect((await text('csv', [a, b], [c])).trimEnd().split('\n')).toHaveLength(4);
  });

  test('writes a cell for each field, empty where the record has none', async () => {
    const full = record('a', { project: null, note: 'n', tags: ['x', 'y'], input_tokens: 5, output_tokens: 0 });
    const [header = '', row = ''] = (await text('csv', [full])).trimEnd().split('\n');
    const cells = Object.fromEntries(header.split(',').map((name, at) => [name, row.split(',')[at]]));
    expect(row.split(',')).toHaveLength(FIELDS.length);
    expect(Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ''))).toEqual({
      usage_id: 'a',
      provider: 'openai',
      model: 'gpt-5',
      operation: 'chat',
      input_tokens: '5',
      output_tokens: '0',
      total_tokens: '5',
      cost_usd: '0.5',
      cost_known: 'true',
      billing_mode: 'known',
      timestamp: '2026-01-01T00:00:00Z',
      note: 'n',
      tags: 'x y',
    });
  });

  test('writes cells that no spreadsheet runs or splits', async () => {
    const hostile = record('a', { model: '=HYPERLINK("x")', note: 'one\n"two",', tags: ['+a', 'b'] });
    const csv = await text('csv', [hostile]);
    expect(csv).toContain(`"'=HYPERLINK(""x"")"`);
    expect(csv).toContain('"one\n""two"","');
    expect(csv).toContain(",'+a b,");
  });
});
