import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { amp } from '../../../../src/sources/amp/index.ts';
import { agentOf } from '../../../../src/sources/agents.ts';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { databaseTime } from '../../../../src/sources/reading/databaseTime.ts';
import { formatOf } from '../../../../src/sources/reading/entries.ts';
import { sourceOfFile } from '../../../../src/sources/reading/files.ts';
import { isIn, findLogs } from '../../../../src/sources/reading/walk.ts';
import { readTextFile } from '../../../../src/sources/reading/whole.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { database, idOf, told } from '../agents/expected.ts';
import { jsonLines, World } from '../world.ts';

/** Finding files, telling what they are, and reading those that are read as a whole. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';

describe('the folders of a source', () => {
  const found = async (
    source: Source,
    places: string[],
    within?: string[],
  ): Promise<{ files: string[]; skips: string[] }> => {
    const { files, skips } = await findLogs(source, places, { within });
    const short = (path: string): string => path.slice(world.home.length + 1);
    return {
      files: files.map(({ path, relative }) => `${short(path)} ${relative}`),
      skips: skips.map(({ reason, file, detail }) => `${reason} ${short(file)} ${detail ?? '-'}`),
    };
  };

  test('give their logs in the order of their paths, each place once', async () => {
    for (const path of ['p/b.jsonl', 'p/a.jsonl', 'p/a/c.jsonl', 'p/no.txt', 'q/z.jsonl']) world.file(path);
    const [p, q] = [join(world.home, 'p'), join(world.home, 'q')];
    expect(await found(claudeCode, [q, p, q, join(world.home, 'gone')])).toEqual({
      files: ['p/a.jsonl a.jsonl', 'p/a/c.jsonl a/c.jsonl', 'p/b.jsonl b.jsonl', 'q/z.jsonl z.jsonl'],
      skips: [],
    });
  });

  test('can be narrowed to some of what is below, and may be a file', async () => {
    for (const path of ['p/a/1.jsonl', 'p/b/2.jsonl', 'p/3.jsonl']) world.file(path);
    expect(await found(claudeCode, [join(world.home, 'p')], ['b', '3.jsonl', 'gone'])).toEqual({
      files: ['p/3.jsonl 3.jsonl', 'p/b/2.jsonl b/2.jsonl'],
      skips: [],
    });
    expect((await found(claudeCode, [join(world.home, 'p/3.jsonl')])).files).toEqual(['p/3.jsonl 3.jsonl']);
  });

  test.skipIf(process.platform === 'win32')(
    'are not followed where they are links, which are named if they look like logs',
    async () => {
      world.file('p/a.jsonl');
      symlinkSync(join(world.home, 'p/a.jsonl'), join(world.home, 'p/link.jsonl'));
      symlinkSync(join(world.home, 'p/a.jsonl'), join(world.home, 'p/link.txt'));
      symlinkSync(join(world.home, 'p'), join(world.home, 'p/loop'));
      symlinkSync(join(world.home, 'p'), join(world.home, 'root'));
      const expected = { files: ['p/a.jsonl a.jsonl'], skips: ['link p/link.jsonl -'] };
      expect(await found(claudeCode, [join(world.home, 'p')])).toEqual(expected);
      expect((await found(claudeCode, [join(world.home, 'root')])).files).toEqual(['root/a.jsonl a.jsonl']);
    },
  );

  test.skipIf(process.platform === 'win32')('give no pipe, which would never end', async () => {
    mkdirSync(join(world.home, 'p'));
    execFileSync('mkfifo', [join(world.home, 'p/a.jsonl')]);
    expect(await found(claudeCode, [join(world.home, 'p')])).toEqual({ files: [], skips: [] });
  });

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'are named where they cannot be read',
    async () => {
      world.file('p/q/a.jsonl');
      chmodSync(join(world.home, 'p/q'), 0);
      expect((await found(claudeCode, [join(world.home, 'p')])).skips).toEqual(['unreadable-folder p/q EACCES']);
      chmodSync(join(world.home, 'p/q'), 0o700);
    },
  );

  test.skipIf(process.platform === 'win32')('are named where their path cannot be', async () => {
    const loop = join(world.home, 'loop');
    symlinkSync(loop, loop);
    expect(await found(claudeCode, [loop])).toEqual({ files: [], skips: ['unreadable-folder loop ELOOP'] });
  });

  test('are searched 32 folders deep, and a below of a file is none', async () => {
    const deep = (levels: number): string => `p/${'d/'.repeat(levels)}a.jsonl`;
    for (const levels of [31, 32, 33]) world.file(deep(levels));
    expect((await found(claudeCode, [join(world.home, 'p')])).files.map((each) => each.split('/').length)).toHaveLength(
      2,
    );
    expect(await found(claudeCode, [join(world.home, 'p', 'd', 'gone')], ['x'])).toEqual({ files: [], skips: [] });
    world.file('file');
    expect(await found(claudeCode, [join(world.home, 'file')], ['below'])).toEqual({ files: [], skips: [] });
  });

  test('stop at once when the search is cancelled', async () => {
    for (let i = 0; i < 300; i++) mkdirSync(join(world.home, 'p', `d${i}`), { recursive: true });
    const signal = AbortSignal.abort();
    await expect(findLogs(claudeCode, [join(world.home, 'p')], { signal })).rejects.toThrow('aborted');
  });

  test.each([
    ['/a', '/a', true],
    ['/a/b', '/a', true],
    ['/a/b', '/a/', true],
    ['/ab', '/a', false],
    ['/a', '/a/b', false],
    ['C:\\a\\b', 'C:\\a', true],
    ['C:\\a\\b', 'C:\\a\\', true],
    ['C:\\ab', 'C:\\a', false],
  ])('%s is in %s: %s', (path, place, isBelow) => {
    expect(isIn({ path }, place)).toBe(isBelow);
  });
});

describe('what a file is', () => {
  const sourceOf = async (name: string, content: string | Buffer): Promise<string> =>
    (await sourceOfFile(world.file(name, content), {})).id;

  test.each<[string, string, string]>([
    ['a.csv', 'Date,User,Kind,Model,Input (w/ Cache Write),Output\n', 'cursor'],
    ['a.csv', 'Date,User,Cache Read\n', 'cursor'],
    ['a.csv', '"Date","User","Input (w/o Cache Write)"\n', 'cursor'],
    ['a.csv', 'date,model,input_tokens\n', 'file'],
    ['a.jsonl', '{"attributes":{"gen_ai.usage.input_tokens":1}}\n', 'otel'],
    ['a.jsonl', '{"type":"session_meta"}\n', 'codex'],
    ['a.jsonl', '{"payload":{"type":"token_count"}}\n', 'codex'],
    ['a.jsonl', '{"type": "thread.started"}\n', 'codex-exec'],
    ['a.jsonl', '{"type":"turn.completed"}\n', 'codex-exec'],
    ['a.jsonl', '{"message":{"usage": {}},"sessionId":"s"}\n', 'claude-code'],
    ['a.jsonl', '{"message":{"usage":{}},"requestId":"s"}\n', 'claude-code'],
    ['a.jsonl', '{"message":{"usage":{}}}\n', 'file'],
    ['a.json', '{"messages":[{"type": "gemini"}]}', 'gemini-cli'],
    ['a.json', '[{"spend":1,"startTime":"x"}]', 'litellm'],
    ['a.json', '[{"spend":1}]', 'file'],
    ['a.json', '[{"spends":1,"startTime":"x"}]', 'file'],
    ['a.json', '[{"usage_id":"x","billing_mode":"known"}]', 'ledger'],
    ['a.json', '[{"cost_known":true,"billing_mode":"known"}]', 'ledger'],
    ['a.json', '[{"usage_id":"x"}]', 'file'],
    ['opencode.db', '', 'opencode'],
    ['x.sqlite', '', 'opencode'],
    ['kilo-dev.DB', '', 'opencode'],
    ['kilo-dev.db', '', 'kilo-cli'],
    ['state.db', '', 'hermes'],
    ['db.sqlite', '', 'zcode'],
    ['a.jsonl', '', 'file'],
  ])('%s with %j is of %s', async (name, content, id) => {
    expect(await sourceOf(name, content)).toBe(id);
  });

  test('with a mapping it is any', async () => {
    expect((await sourceOfFile(world.file('a.jsonl', '{"gen_ai.":1}'), { model: 'm' })).id).toBe('file');
  });

  test.each<[string, Buffer, string]>([
    ['compressed', Buffer.from([0x1f, 0x8b, 8]), 'is compressed'],
    ['UTF-16 with its mark', Buffer.from([0xff, 0xfe, 0x7b, 0]), 'is UTF-16 text, as Windows PowerShell writes it'],
    ['UTF-16 without', Buffer.from('{\0"\0'), 'is UTF-16 text, as Windows PowerShell writes it'],
    ['UTF-16 of another order', Buffer.from('\0[\0{'), 'is UTF-16 text, as Windows PowerShell writes it'],
  ])('%s is refused by name', async (_, content, words) => {
    const path = world.file('a.json', content);
    await expect(sourceOfFile(path, {})).rejects.toThrow(`${path} ${words}. Convert it to UTF-8 text.`);
  });

  test.each<[string, string, string]>([
    ['a.csv', '[1]', 'csv'],
    ['a.TSV', '{', 'csv'],
    ['a.csv.json', '[1]', 'json'],
    ['a', ' [', 'json'],
    ['a', 'model,tokens', 'csv'],
    ['a', '{"a":1}\n{"b":2}', 'ndjson'],
    ['a', '\n{"a":1}', 'ndjson'],
    ['a', '{\n"a":1}', 'json'],
    ['a', '{"a":', 'ndjson'],
    ['a', '', 'csv'],
  ])('%s that begins with %j is %s', (path, head, format) => {
    expect(formatOf(path, head)).toBe(format);
  });
});

describe('documents', () => {
  const skipsOf = async (content: string | Buffer): Promise<string[]> => {
    world.file('.local/share/amp/threads/a.json', content);
    return (await world.import(amp)).skips.map(({ reason, detail }) => `${reason} ${detail ?? '-'}`);
  };

  test('that cannot be read are named, each by its reason', async () => {
    expect(await skipsOf('{')).toEqual(['not-json -']);
    expect(await skipsOf('null')).toEqual(['unknown-format not an object']);
    expect(await skipsOf('[]')).toEqual(['unknown-format not an object']);
    expect(await skipsOf(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual(['invalid-utf8 -']);
    expect(await skipsOf('\uFEFF{}')).toEqual([]);
  });

  test('of more than 256 MB are not', () => {
    const skips: string[] = [];
    const sink = {
      usage: () => undefined,
      skip: (reason: string, detail?: string) => void skips.push(`${reason} ${detail}`),
    };
    const file = { path: world.file('a.json', '{}'), relative: 'a.json', modifiedAt: 0, version: '' };
    const most = 256 * 1024 * 1024;
    expect(readTextFile({ ...file, size: most }, sink)).toBe('{}');
    expect(readTextFile({ ...file, size: most + 1 }, sink)).toBeUndefined();
    expect(skips).toEqual([`too-long ${most + 1} bytes`]);
  });
});

describe('times in a database', () => {
  test.each<[unknown, string | undefined]>([
    [AT, AT],
    ['2026-11-20T11:00:00+01:00', AT],
    ['2026-11-20 10:00:00', AT],
    [' 2026-11-20T10:00:00 ', AT],
    ['1795168800', AT],
    ['1795168800.5', '2026-11-20T10:00:00.500Z'],
    ['1795168800000', AT],
    [1_795_168_800, AT],
    [1_795_168_800_000, AT],
    ['12345678', undefined],
    ['x1795168800', undefined],
    ['1795168800x', undefined],
    ['soon', undefined],
    [0, undefined],
    [-5, undefined],
    [null, undefined],
    [Number.NaN, undefined],
  ])('%j is %j', (value, time) => {
    expect(databaseTime(value)).toBe(time);
  });
});

describe('a database', () => {
  const zcode = agentOf('zcode')!;
  const table = 'CREATE TABLE model_usage (id, session_id, model_id, input_tokens, output_tokens, started_at)';
  const row = { session_id: 's', model_id: 'm', input_tokens: 1, output_tokens: 0, started_at: AT };

  test('with a number beyond 2^53 costs that row alone', async () => {
    database(
      world,
      '.zcode/cli/db/db.sqlite',
      table,
      `INSERT INTO model_usage VALUES (1, 's', 'm', 9007199254740993, 0, '${AT}')`,
      ['model_usage', { ...row, id: 2 }],
    );
    const { records, skips } = await told(world, zcode, {});
    expect(records.map(({ usage_id }) => usage_id)).toEqual([idOf('zcode-log', 's', '2')]);
    expect(skips).toEqual([expect.stringMatching(/^invalid - input_tokens/)]);
  });

  test('is read in one state, and not changed', async () => {
    const path = database(world, '.zcode/cli/db/db.sqlite', table, ['model_usage', { ...row, id: 2 }]);
    chmodSync(path, 0o400);
    expect((await told(world, zcode, {})).records).toHaveLength(1);
  });
});

describe('entries of a file that someone names', () => {
  const read = async (
    name: string,
    content: string | Buffer,
    mapping = {},
  ): Promise<{ counts: unknown[]; skips: string[] }> => {
    const path = world.file(name, content);
    const { skips } = await world.import(await sourceOfFile(path, mapping), { places: [path] });
    const counts = (await world.records()).map(({ input_tokens }) => input_tokens).sort((a, b) => a - b);
    return { counts, skips: skips.map(({ reason, line, detail }) => `${reason} ${line ?? '-'} ${detail ?? '-'}`) };
  };
  const used = (n: number): object => ({ model: 'gpt-5', timestamp: AT, input_tokens: n });

  test('as lines', async () => {
    const lines = Buffer.concat([
      Buffer.from(`\uFEFF${jsonLines(used(1))}\n[]\n{\n`),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(JSON.stringify(used(2))),
    ]);
    expect(await read('a.ndjson', lines)).toEqual({
      counts: [1, 2],
      skips: ['not-json 3 -', 'not-json 4 -', 'invalid-utf8 5 -'],
    });
  });

  test('as an array, which may be in an object, and may be cut off', async () => {
    const array = Buffer.concat([
      Buffer.from(`{\n"rows": [${JSON.stringify(used(1))}, 7, `),
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from(`, ${JSON.stringify(used(2))}, {"a":`),
    ]);
    expect(await read('a.json', array)).toEqual({
      counts: [1, 2],
      skips: ['not-json 2 -', 'invalid-utf8 3 -', expect.stringMatching(/^not-json 5 /)],
    });
  });

  test('as a table, whose columns need a name', async () => {
    const table = Buffer.concat([
      Buffer.from(` model ,timestamp,input_tokens,\ngpt-5,${AT},1,9\ngpt-5,${AT}\n`),
      Buffer.from([0xff]),
      Buffer.from(`,${AT},3\ngpt-5,${AT},4,"`),
    ]);
    expect(await read('a.csv', table)).toEqual({
      counts: [1],
      skips: ['not-a-usage 3 -', 'invalid-utf8 4 -', expect.stringMatching(/^not-csv 5 /)],
    });
  });

  test('as a table with tabs, whatever else is in it', async () => {
    expect(await read('a.tsv', `model\ttimestamp\tinput_tokens,x\tinput_tokens\ngpt-5\t${AT}\t7\t1\n`)).toEqual({
      counts: [1],
      skips: [],
    });
  });
});
