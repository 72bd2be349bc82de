import * as fc from 'fast-check';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { codex } from '../../../../src/sources/codex/index.ts';
import { copilotChat } from '../../../../src/sources/copilot-chat/index.ts';
import { copilotCli } from '../../../../src/sources/copilot-cli/index.ts';
import { geminiCli } from '../../../../src/sources/gemini-cli/index.ts';
import { genericSource } from '../../../../src/sources/generic/index.ts';
import { ledgerFile } from '../../../../src/sources/ledger-file/index.ts';
import { liteLlm } from '../../../../src/sources/litellm/index.ts';
import { openCode } from '../../../../src/sources/opencode/index.ts';
import { otel } from '../../../../src/sources/otel/index.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { brokenRule } from '../../../../src/usage/rules.ts';
import { World } from '../world.ts';

const AT = '2026-11-20T10:00:00.000Z';

/** One entry of a source whose every field a test may damage. */
type Entry = Record<string, unknown>;

interface Shape {
  source: Source;
  /** The n-th entry, sound, of a model that no price table has. */
  entry: (n: number) => Entry;
  /** Writes the entries, given as JSON texts. @returns the place to import. */
  write: (world: World, entries: readonly string[]) => string;
  /** One JSON array: its scanner takes deep nesting for damage. */
  isArray?: boolean;
}

const lines =
  (path: string) =>
  (world: World, entries: readonly string[]): string =>
    world.file(path, entries.map((entry) => `${entry}\n`).join(''));

function rows(
  path: string,
  table: string,
  insert: string,
  values: (entry: string) => (string | number | bigint | null)[],
) {
  return (world: World, entries: readonly string[]): string => {
    const file = join(world.home, path);
    mkdirSync(dirname(file), { recursive: true });
    const db = new DatabaseSync(file);
    db.exec(table);
    for (const entry of entries) db.prepare(insert).run(...values(entry));
    db.close();
    return file;
  };
}

const span = (n: number): Entry => ({
  type: 'span',
  name: 'chat x',
  traceId: `t${n}`,
  spanId: `s${n}`,
  endTime: [Date.parse(AT) / 1000, 0],
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'x',
    'gen_ai.usage.input_tokens': 10 + n,
    'gen_ai.usage.output_tokens': 5,
    'gen_ai.usage.cache_read.input_tokens': 1,
    'gen_ai.usage.cache_creation.input_tokens': 1,
  },
});

const SHAPES: readonly Shape[] = [
  {
    source: claudeCode,
    entry: (n) => ({
      timestamp: AT,
      requestId: `r${n}`,
      version: '2.1.0',
      costUSD: 0.5,
      cwd: '/a',
      message: {
        id: `m${n}`,
        model: 'x',
        usage: {
          input_tokens: 10 + n,
          output_tokens: 5,
          cache_read_input_tokens: 3,
          cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 2 },
        },
      },
    }),
    write: lines('.claude/projects/-a/s.jsonl'),
  },
  {
    source: codex,
    entry: (n) => ({
      timestamp: AT,
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: {
          last_token_usage: {
            input_tokens: 10 + n,
            cached_input_tokens: 2,
            output_tokens: 5,
            reasoning_output_tokens: 1,
            total_tokens: 15 + n,
          },
        },
      },
    }),
    write: lines('.codex/sessions/2026/rollout.jsonl'),
  },
  {
    source: geminiCli,
    entry: (n) => ({
      id: `m${n}`,
      type: 'gemini',
      timestamp: AT,
      model: 'x',
      tokens: { input: 10 + n, output: 5, cached: 1, thoughts: 1, tool: 1, total: 17 + n },
    }),
    write: lines('.gemini/tmp/site/chats/session.jsonl'),
  },
  {
    source: geminiCli,
    entry: (n) => ({ id: `m${n}`, type: 'gemini', timestamp: AT, model: 'x', tokens: { input: 10 + n, output: 5 } }),
    write: (world, entries) =>
      world.file('.gemini/tmp/site/chats/session.json', `{"sessionId":"s","messages":[${entries.join(',')}]}`),
  },
  {
    source: openCode,
    entry: (n) => ({
      modelID: 'x',
      providerID: 'y',
      time: { created: Date.parse(AT) },
      tokens: { input: 10 + n, output: 5, reasoning: 2, cache: { read: 1, write: 1 } },
      cost: 0.5,
    }),
    write: (world, entries) => {
      let count = 0;
      return rows(
        '.local/share/opencode/opencode.db',
        'CREATE TABLE message (id TEXT, session_id TEXT, data TEXT)',
        'INSERT INTO message VALUES (?, ?, ?)',
        (entry) => [`m${count++}`, 's', entry],
      )(world, entries);
    },
  },
  { source: copilotCli, entry: span, write: lines('.copilot/otel/one.jsonl') },
  { source: otel, entry: span, write: lines('spans.jsonl') },
  {
    source: copilotChat,
    entry: (n) => ({ id: `s${n}`, model: 'x', input: 10 + n, output: 5, cached: 1, at: Date.parse(AT) }),
    write: rows(
      'agent-traces.db',
      `CREATE TABLE spans (span_id ANY, trace_id ANY, operation_name TEXT, chat_session_id ANY, request_model ANY,
        input_tokens ANY, output_tokens ANY, cached_tokens ANY, end_time_ms ANY);
       CREATE TABLE span_attributes (span_id TEXT, key TEXT, value TEXT)`,
      "INSERT INTO spans VALUES (?, 't', 'chat', 'c', ?, ?, ?, ?, ?)",
      (entry) => {
        const row = JSON.parse(entry) as Entry;
        return ['id', 'model', 'input', 'output', 'cached', 'at'].map((name) => {
          const value = row[name];
          if (typeof value === 'number') return Number.isInteger(value) && value < 2 ** 63 ? BigInt(value) : value;
          return typeof value === 'string' ? value : null;
        });
      },
    ),
  },
  {
    source: genericSource(),
    entry: (n) => ({
      id: `u${n}`,
      model: 'x',
      timestamp: AT,
      input_tokens: 10 + n,
      output_tokens: 5,
      cost: 0.5,
      project: 'p',
    }),
    write: lines('usage.ndjson'),
  },
  {
    source: genericSource(),
    entry: (n) => ({ model: 'x', timestamp: AT, input_tokens: 10 + n, output_tokens: 5, cache_read_tokens: 1 }),
    write: (world, entries) => world.file('usage.json', `[${entries.join(',\n')}]`),
    isArray: true,
  },
  {
    source: liteLlm,
    entry: (n) => ({
      request_id: `r${n}`,
      model: 'x',
      startTime: AT,
      prompt_tokens: 10 + n,
      completion_tokens: 5,
      spend: 0.5,
      metadata: { usage_object: { cache_read_input_tokens: 1, cache_creation_input_tokens: 1 } },
    }),
    write: lines('spend.ndjson'),
  },
  {
    source: ledgerFile,
    entry: (n) => ({
      usage_id: `u${n}`,
      provider: 'p',
      model: 'x',
      operation: 'o',
      input_tokens: 10 + n,
      output_tokens: 5,
      total_tokens: 15 + n,
      cost_usd: 0.5,
      cost_known: true,
      billing_mode: 'known',
      timestamp: AT,
      tags: ['t'],
      note: null,
      ours: 1,
    }),
    write: lines('costs.ndjson'),
  },
];

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
  const { source, entry, write, isArray = false } = shape;

  test('one bad entry, whatever is wrong with it, costs itself alone', { timeout: 60_000 }, async () => {
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
    const kinds = Object.keys(NASTY).filter((kind) => !(isArray && kind.endsWith('levels')));
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
  ])('%s costs a second reading', { timeout: 30_000 }, async (_, spoil) => {
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
