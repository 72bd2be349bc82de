import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FILTER_OPTIONS } from '../../../src/cli/arguments/filters.ts';
import { RECORD_OPTIONS } from '../../../src/cli/arguments/recordFlags.ts';
import { DIMENSION_LABELS, DIMENSIONS, TEXT_DIMENSIONS } from '../../../src/usage/dimensions.ts';
import { SUMMED_FIELDS } from '../../../src/usage/fieldLists.ts';
import { FIELDS } from '../../../src/usage/fields.ts';
import { strictProblem } from '../../../src/usage/inkwell.ts';
import { parseInput } from '../../../src/usage/parseInput.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import { readText, repository } from '../repo/files.ts';

/** The table of fields, and that everything derives from it. */

const ADDED = ['commit', 'account', 'user', 'charge', 'machine', 'agent', 'service_tier'] as const;
/** Values that a field takes, where not any text will do. */
const VALUES: Partial<Record<string, string>> = { charge: 'plan' };

describe('a field that can be filtered by', () => {
  // The others are words of other things, too.
  it('is named in the table alone', () => {
    const name: (typeof ADDED)[number] = 'account';
    const naming = ['src', 'media'].flatMap((folder) =>
      readdirSync(path.join(repository, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        // `live` fills fields from attributes that others named. The summaries of PostgreSQL are a format on disk, which a new field
        // does not change.
        .filter((file) => !/^live[\\/]|[\\/]facets\.ts$/.test(file))
        .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/')))
        // As a name of code: a text, a property, a column of SQL.
        .filter((file) => new RegExp(`['"\`]${name}['"\`]|\\brecord\\.${name}\\b|->> '${name}'`).test(readText(file))),
    );
    expect(naming).toEqual(['src/usage/fields.ts']);
  });

  it.each(ADDED)('%s can be grouped by, filtered by and given', (name) => {
    const dimension = name === 'service_tier' ? 'tier' : name;
    expect(DIMENSIONS).toContain(dimension);
    expect(DIMENSION_LABELS[dimension].toLowerCase()).toBe(name.replace('_', ' '));
    expect(FILTER_OPTIONS.map(({ flags }) => flags)).toContainEqual(expect.stringMatching(`^--${dimension} <`));
    const rule = name === 'charge' ? 'charge' : 'label';
    expect(RECORD_OPTIONS).toContainEqual(expect.objectContaining({ field: name, rule }));
  });

  it.each([...ADDED, 'request_id'] as const)('%s is refused in a strict ledger', (name) => {
    const input = { provider: 'claude', model: 'm', operation: 'extraction', timestamp: '2026-01-01T00:00:00Z' };
    const record = parseInput({ ...input, [name]: VALUES[name] ?? 'x' }, { id: () => 'id', now: () => '' });
    expect(strictProblem(record)).toMatchObject({ field: name, rule: expect.stringContaining('inkwell drops') });
    const without = parseInput({ ...input, [name]: null }, { id: () => 'id', now: () => '' });
    expect(strictProblem(without)).toBeUndefined();
  });
});

describe('the table', () => {
  it('names each field, dimension, column and flag once', () => {
    const columns = TEXT_DIMENSIONS.map(({ column }) => column);
    const flags = FIELDS.flatMap((row) => ('flag' in row ? [row.flag.name] : []));
    const lists: readonly (readonly unknown[])[] = [FIELDS.map(({ name }) => name), DIMENSIONS, columns, flags];
    for (const names of lists) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('sums fields under names that totals have', () => {
    expect(Object.keys(emptyTotals())).toEqual(expect.arrayContaining([...SUMMED_FIELDS.keys()]));
  });

  it('keeps the order of the fields of 0.1.0, as files are exported by it', () => {
    expect(FIELDS.slice(0, 24).map(({ name }) => name)).toEqual(
      (
        'usage_id provider model operation input_tokens output_tokens total_tokens cost_usd cost_known billing_mode ' +
        'timestamp episode_title template_name cache_read_tokens cache_write_tokens cache_write_1h_tokens ' +
        'reasoning_tokens project branch session_id tags note source price_source'
      ).split(' '),
    );
  });
});
