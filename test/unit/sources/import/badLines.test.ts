import * as fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { genericSource } from '../../../../src/sources/generic/index.ts';
import { brokenRule } from '../../../../src/usage/rules.ts';
import { World } from '../world.ts';
import { AT, SHAPES, type Entry } from './shapes.ts';

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
/** JSON texts that a field may hold instead of what belongs there. */
const NASTY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      '1e300',
      '1e999',
      '-1e999',
      '9.3e9',
      '1000001',
      '-5',
      '1.5',
      '9007199254740991',
      '9007199254740993',
      '1e17',
      '-0',
      '8640000000000000',
      '8640000000000001',
      '253402300800000',
      '99999999999999999999',
      'null',
      'true',
      '""',
      '" "',
      '"x"',
      '{}',
      '[]',
      '[null]',
      '{"__proto__":1}',
      '{"input":1e999}',
      '"+010000-01-01T00:00:00Z"',
      '"2026-02-30T00:00:00Z"',
      '"2026-11-20 10:00z"',
      '"2026-11-20T24:00:00Z"',
      '"\\ud800"',
    ].map((text) => [text, text]),
  ),
  '200 levels': deep(200),
  '60,000 levels': deep(60_000),
  '2,000 characters': `"${'x'.repeat(2_000)}"`,
  '20,000 characters': `"${'x'.repeat(20_000)}"`,
};
const MARK = '@damaged@';

/** Paths to every leaf of an entry. */
function leavesOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]))];
}

function damaged(entry: Entry, path: readonly string[], text: string): string {
  if (path.length === 0) return text;
  const copy = structuredClone(entry);
  let at = copy;
  for (const name of path.slice(0, -1)) at = at[name] as Entry;
  at[path.at(-1)!] = MARK;
  return JSON.stringify(copy).replace(`"${MARK}"`, text);
}

describe.each(SHAPES.map((shape, i) => [`${shape.source.id} (${i})`, shape] as const))('%s', (_, shape) => {
  const { source, entry, write } = shape;

  test('one bad entry, whatever is wrong with it, costs itself alone', async () => {
    const paths = leavesOf(entry(1)).filter((path) => path.length > 0);
    const alone = new World();
    await alone.import(source, {
      places: [
        write(
          alone,
          [0, 40].map((n) => JSON.stringify(entry(n))),
        ),
      ],
    });
    const expected = (await alone.records()).map(({ input_tokens }) => input_tokens);
    await alone.dispose();
    expect(expected).toHaveLength(2);
    const kinds = Object.keys(NASTY);
    const damage = fc.record({ path: fc.constantFrom(...paths), text: fc.constantFrom(...kinds) });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 30 }), async (damages) => {
        const here = new World();
        try {
          const sound = [entry(0), entry(40)].map((each) => JSON.stringify(each));
          const bad = damages.map(({ path, text }, i) => damaged(entry(i + 1), path, NASTY[text]!));
          const place = write(here, [sound[0]!, ...bad, sound[1]!]);
          const report = await here.import(source, { places: [place] });
          const records = await here.records();
          const inputs = new Set(records.map(({ input_tokens }) => input_tokens));
          for (const each of expected) expect(inputs).toContain(each);
          for (const record of records) expect(brokenRule(record)).toBeUndefined();
          for (const skip of report.skips) expect(skip.file).toContain(place.slice(0, -6));
        } finally {
          await here.dispose();
        }
      }),
      { numRuns: 8 },
    );
  });
});

describe('a cost that a log says and no record may have', () => {
  const line = (n: number, cost: string): string =>
    JSON.stringify({
      timestamp: AT,
      requestId: `r${n}`,
      costUSD: MARK,
      message: { id: `m${n}`, model: 'no-such-model', usage: { input_tokens: n, output_tokens: 1 } },
    }).replace(`"${MARK}"`, cost);

  test.each(['9.3e9', '1e300', '1e999', '1000000.01'])('%s is one named line', async (cost) => {
    const world = new World();
    try {
      const file = world.file(
        '.claude/projects/-a/a.jsonl',
        `${line(1, '0.25')}\n${line(2, cost)}\n${line(3, '0.25')}\n`,
      );
      world.file('.claude/projects/-a/b.jsonl', `${line(4, '0.25')}\n`);
      const report = await world.import(claudeCode, { name: 'imported.db' });
      expect(report).toMatchObject({ added: 3, skipped: { invalid: 1 } });
      expect(report.skips).toMatchObject([{ reason: 'invalid', file, line: 2 }]);
      expect(report.skips[0]!.detail).toMatch(/^cost_usd: must be at most 1000000/);
      const records = await world.records('imported.db');
      expect(
        records.map((record) => [record.input_tokens, record.cost_usd]).sort(([a], [b]) => Number(a) - Number(b)),
      ).toEqual([
        [1, 0.25],
        [3, 0.25],
        [4, 0.25],
      ]);
    } finally {
      await world.dispose();
    }
  });
});

describe('counts and times beyond what a record may have', () => {
  test.each([
    ['each count fits, their sum does not', { input_tokens: 9e15, cache_read_input_tokens: 9e15, output_tokens: 1 }],
    ['the total does not', { input_tokens: 9e15, output_tokens: 9e15 }],
    ['a count does not', { input_tokens: 1e16, output_tokens: 1 }],
    ['a count is negative', { input_tokens: -1, output_tokens: 5 }],
    ['a count is a fraction', { input_tokens: 1.5, output_tokens: 5 }],
  ])('%s', async (_, usage) => {
    const world = new World();
    try {
      world.file(
        '.claude/projects/-a/a.jsonl',
        `${JSON.stringify({ timestamp: AT, requestId: 'r', message: { id: 'm', model: 'x', usage } })}\n`,
      );
      expect(await world.import(claudeCode)).toMatchObject({ added: 0, skipped: { invalid: 1 } });
    } finally {
      await world.dispose();
    }
  });

  test('a year of five digits is no time', async () => {
    const world = new World();
    try {
      const place = world.file('u.ndjson', `${JSON.stringify({ model: 'x', time: 8.64e15, input_tokens: 1 })}\n`);
      const report = await world.import(genericSource(), { places: [place] });
      expect(report).toMatchObject({ added: 0, skipped: { 'no-time': 1 } });
    } finally {
      await world.dispose();
    }
  });
});

describe('an import state that says nonsense', () => {
  test.each([
    ['a negative offset', (text: string) => text.replace(/"offset":\d+/g, '"offset":-5')],
    ['a parser state of another kind', (text: string) => text.replace(/"parser":[^,}]*\}?/g, '"parser":7')],
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['another version of the file', (text: string) => text.replace(/"offset":\d+/g, '"offset":1')],
  ])('%s costs a second reading', async (_, spoil) => {
    for (const { source, entry, write } of SHAPES) {
      const world = new World();
      try {
        const places = [write(world, [JSON.stringify(entry(0))])];
        await world.import(source, { places });
        const before = await world.records();
        expect(before.length).toBeGreaterThan(0);
        const path = join(world.home, `.imported.json.import-${source.id}`);
        const text = readFileSync(path, 'utf8');
        writeFileSync(path, spoil(text));
        const report = await world.import(source, { places });
        expect(report).toMatchObject({ added: 0, updated: 0, unchanged: spoil(text) === text ? 1 : 0 });
        expect(await world.records()).toEqual(before);
      } finally {
        await world.dispose();
      }
    }
  });
});
