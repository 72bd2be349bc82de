import { createServer } from 'node:https';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as Library from '../../../src/library/index.ts';
import { keepEditorPrices } from '../../../src/prices/files.ts';
import { BUNDLED } from '../../../src/pricing/data/bundled.ts';
import { cli, json, Sandbox } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const CLAUDE = ['--provider', 'anthropic', '--model', 'claude-sonnet-4-5', '--operation', 'chat'];
const TOKENS = ['--input-tokens', '10000', '--output-tokens', '2000'];
const CLAUDE_SOURCE = 'genai-prices 0.2.3 2026-11-09 anthropic/claude-sonnet-4-5';
const run = (...args: string[]): ReturnType<Sandbox['on']> => sandbox.on(sandbox.ledger, args);

describe('record', () => {
  it('prices the tokens, and says by which price', async () => {
    const { stdout, code } = await run('record', ...CLAUDE, ...TOKENS);
    expect(stdout).toMatch(new RegExp(`^Recorded about \\$0\\.06 \\(${CLAUDE_SOURCE}\\) · anthropic`));
    expect(code).toBe(0);
    expect(json(await run('record', ...CLAUDE, ...TOKENS, '--json'))).toMatchObject({
      cost_usd: 0.06,
      cost_nanos: '60000000',
      cost_kind: 'estimated',
      price_source: CLAUDE_SOURCE,
      record: { cost_known: true, billing_mode: 'estimated', price_source: CLAUDE_SOURCE },
    });
  });

  it.each([
    [
      'an unknown model',
      ['--model', 'unheard-of'],
      'no model "unheard-of" of "anthropic"',
      'llm-spend prices set unheard-of',
    ],
    [
      'an unknown provider',
      ['--provider', 'nobody'],
      'does not know the provider "nobody"',
      '--provider nobody --input',
    ],
    [
      'a server that may be rented',
      ['--provider', 'vllm'],
      'There are no published prices for "vllm"',
      '--provider vllm',
    ],
    ['cache above the input', ['--cache-read-tokens', '20000'], 'exceed it (10000)', '--cost-usd'],
    ['no tokens', ['--input-tokens', '0', '--output-tokens', '0'], 'Neither a cost nor tokens', '--cost-usd'],
  ])('records %s as unpriced, and says why and what helps', async (_what, flags, why, helps) => {
    const { stdout, stderr, code } = await run('record', ...CLAUDE, ...TOKENS, ...flags);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Recorded cost unknown · /);
    expect(stdout).not.toContain('$');
    expect(stderr).toContain(why);
    expect(stderr).toContain(helps);
    expect(await sandbox.stored()).toMatchObject([{ cost_known: false, billing_mode: 'runtime_managed' }]);
    // Recording it again would double-count it.
    expect(stderr).toMatch(
      /--ledger \S+ [0-9a-f-]{36}, then record it again|Set a price, then llm-spend reprice --ledger/,
    );
    const costs = (await run('costs')).stdout;
    expect(costs).toMatch(/Cost +unknown/);
    expect(costs).not.toContain('$');
  });

  it('does not load the prices for a cost that was given', async () => {
    const { stdout } = await run('record', ...CLAUDE, ...TOKENS, '--cost-usd', '1');
    expect(stdout).toMatch(/^Recorded \$1\.00 · /);
    const trace = ['--require', path.join(path.dirname(fileURLToPath(import.meta.url)), 'traceLoads.cjs')];
    const { stderr } = await sandbox.run(
      ['record', ...CLAUDE, ...TOKENS, '--cost-usd', '1', '--ledger', sandbox.ledger],
      {
        env: { NODE_OPTIONS: trace.join(' '), NODE_DISABLE_COMPILE_CACHE: '1' },
      },
    );
    expect(stderr).toContain('record.js');
    expect(stderr).not.toContain('prices.js');
  });

  it('keeps price_source out of the file that inkwell reads', async () => {
    const usage = ['--provider', 'claude', '--model', 'claude-sonnet-4-5', '--operation', 'extraction'];
    await sandbox.on(sandbox.inkwell, ['record', ...usage, ...TOKENS]);
    const [record] = await sandbox.stored(sandbox.inkwell);
    expect(record).toMatchObject({ cost_usd: 0.06, cost_known: true, billing_mode: 'estimated' });
    expect(record).not.toHaveProperty('price_source');
  });
});

const MESSAGE = {
  id: 'msg_01',
  type: 'message',
  model: 'claude-sonnet-4-5-20250929',
  usage: {
    input_tokens: 5000,
    cache_read_input_tokens: 80_000,
    cache_creation_input_tokens: 15_000,
    output_tokens: 2000,
  },
};
const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_793_000_000,
  model: 'gpt-5',
  usage: { prompt_tokens: 10_000, completion_tokens: 2000, prompt_tokens_details: { cached_tokens: 6000 } },
};
const respond = (input: string, ...args: string[]): ReturnType<Sandbox['on']> =>
  sandbox.on(sandbox.ledger, ['record', '--response', '-', ...args], { input });

describe('record --response', () => {
  it('recognises a response, and records it once', async () => {
    const file = sandbox.file('response.json');
    await writeFile(file, JSON.stringify(MESSAGE));
    const { stdout } = await run('record', '--response', file, '--project', 'site', '--tag', 'a', '--note', 'n');
    expect(stdout).toMatch(/^Recorded about \$0\.12525 \(.*\) · .* · 100,000 in, 2,000 out · id msg_01/);
    await respond(JSON.stringify(MESSAGE));
    expect(await sandbox.stored()).toMatchObject([
      { usage_id: 'msg_01', provider: 'anthropic', operation: 'chat', project: 'site', tags: ['a'], note: 'n' },
    ]);
  });

  it.each([
    ['little-endian', (text: Buffer) => text],
    ['big-endian', (text: Buffer) => text.swap16()],
  ])('reads what PowerShell writes to a file: UTF-16, %s', async (_order, ordered) => {
    const file = sandbox.file('response.json');
    await writeFile(file, ordered(Buffer.from(`\uFEFF${JSON.stringify(MESSAGE)}\r\n`, 'utf16le')));
    expect((await run('record', '--response', file)).stdout).toContain('about $0.12525 (');
  });

  it('takes several, and a stream', async () => {
    const both = `${JSON.stringify(MESSAGE)}\n${JSON.stringify(COMPLETION)}\n`;
    const { code, stdout } = await respond(both, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'recorded',
      responses: [
        { api: 'anthropic-messages', cost_usd: 0.12525 },
        { api: 'openai-chat', cost_usd: 0.02575, record: { timestamp: '2026-10-26T07:33:20.000Z' } },
      ],
      problems: [],
    });
    const { usage, ...start } = { ...MESSAGE, id: 'msg_02' };
    const events = [
      { type: 'message_start', message: { ...start, usage: { ...usage, output_tokens: 1 } } },
      { type: 'message_delta', usage: { output_tokens: 2000 } },
      { type: 'message_stop' },
    ];
    const stream = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
    expect((await respond(stream)).stdout).toContain('about $0.12525 (');
  });

  it.each([
    ['nothing', '', 'The text is empty'],
    ['no JSON', 'hello', 'This is not JSON'],
    ['a cut one', JSON.stringify(MESSAGE).slice(0, -5), 'is incomplete'],
    ['one without usage', '{"id":"x","object":"chat.completion"}', 'No usage was found'],
    ['an error', '{"error":{"message":"overloaded"}}', 'answered with an error'],
    [
      'contradictory counts',
      JSON.stringify({ ...COMPLETION, usage: { ...COMPLETION.usage, prompt_tokens: 10 } }),
      'contradicts itself',
    ],
  ])('says what is wrong with %s, and records nothing', async (_what, text, message) => {
    const { code, stderr } = await respond(text);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain('Nothing was recorded.');
    const asJson = await respond(text, '--json');
    expect(json(asJson)).toMatchObject({ error: { field: '--response' } });
  });

  it('refuses a file of 200 MB by its size, unread', async () => {
    const file = sandbox.file('huge.json');
    const handle = await open(file, 'w');
    await handle.truncate(200_000_000);
    await handle.close();
    const { code, stderr } = await run('record', '--response', file);
    expect(code).toBe(1);
    expect(stderr).toContain('too large for a response');
  });

  it('asks for what a response does not say, and records a strange model as unpriced', async () => {
    const bare = JSON.stringify({ usage: { prompt_tokens: 10, completion_tokens: 5 } });
    const { code, stderr } = await respond(bare);
    expect(code).toBe(2);
    expect(stderr).toContain('--provider: is required, because the response does not contain it');
    const named = await respond(bare, '--provider', 'mine', '--model', 'my-model');
    expect(named.code).toBe(0);
    expect(named.stdout).toContain('cost unknown · mine my-model');
    expect((await respond(bare, '--input-tokens', '5')).stderr).toContain('cannot be combined with --response');
  });

  it('says which fees and counts the cost does not include', async () => {
    const usage = { ...COMPLETION.usage, num_sources_used: 2, agent_tokens: 5 };
    const answer = await respond(JSON.stringify({ ...COMPLETION, usage }), '--json');
    const { code, stderr } = answer;
    expect(code).toBe(0);
    expect(json(answer)).toMatchObject({ responses: [{ not_included: ['live search', 'agent_tokens'] }] });
    expect(stderr).toContain('The fee for live search is not included in the cost');
    expect(stderr).toContain('The response counts "agent_tokens", which is not known here. The cost may be too low.');
    const paid = {
      ...COMPLETION,
      id: 'gen-1',
      provider: 'OpenAI',
      model: 'openai/gpt-5',
      usage: { ...usage, cost: 0.25 },
    };
    const complete = await respond(JSON.stringify(paid), '--json');
    expect(complete.stdout).not.toContain('not_included');
    expect(complete.stderr).toBe('');
  });

  it('records what it can of a mixed text, and says what is missing', async () => {
    const { code, stdout, stderr } = await respond(`${JSON.stringify(MESSAGE)}\nnonsense\n`);
    expect(stdout).toContain('msg_01');
    expect(stderr).toContain('Line 2 is not JSON');
    expect(code).toBe(1);
  });
});

describe('reprice', () => {
  const record = (id: string, fields: object): object => ({
    usage_id: id,
    provider: 'gemini',
    model: 'gemini-2.5-flash',
    operation: 'extraction',
    input_tokens: 10_000,
    output_tokens: 2000,
    total_tokens: 12_000,
    timestamp: '2026-11-01T00:00:00Z',
    ...fields,
  });
  const inkwells = record('inkwell', { cost_usd: 0.00135 });
  const callers = record('caller', { cost_usd: 5, unknown_field: 12.5 });
  const unknown = record('unknown', { cost_usd: 0, cost_known: false, billing_mode: 'runtime_managed' });
  const before = JSON.stringify([inkwells, callers, unknown], undefined, 2);
  beforeEach(() => writeFile(sandbox.ledger, before));
  const text = (): Promise<string> => readFile(sandbox.ledger, 'utf8');

  it('shows what would change, and changes nothing', async () => {
    const { stdout, code } = await run('reprice', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/gemini +gemini-2\.5-flash +was unknown +1 +unknown +\$0\.008 +\+\$0\.008/);
    expect(stdout).toMatch(
      /gemini +gemini-2\.5-flash +inkwell's old list price +1 +\$0\.00135 +\$0\.008 +\+\$0\.00665/,
    );
    expect(stdout).toMatch(/Total +2 +\$0\.00135 \+ 1 unpriced/);
    expect(stdout).toContain('1 cost recorded by the caller, not changed.');
    expect(await text()).toBe(before);
    expect(json(await run('reprice', '--dry-run', '--json'))).toMatchObject({
      dry_run: true,
      to_change: 2,
      changed: 0,
      difference_nanos: '14650000',
      groups: [{ before_usd: null, after_usd: 0.008 }, { before_usd: 0.00135 }],
    });
  });

  it('asks, and without a terminal wants to be told', async () => {
    const { stderr, code } = await run('reprice');
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(await text()).toBe(before);
  });

  it('changes the costs alone, says so in the records, and is undone', async () => {
    const { stdout } = await run('reprice', '--yes');
    expect(stdout).toContain('Repriced 2 records.');
    const source = expect.stringMatching(/^genai-prices 0\.2\.3 2026-11-09 google\/gemini-2\.5-flash; repriced \d{4}-/);
    const priced = { cost_usd: 0.008, cost_known: true, billing_mode: 'estimated', price_source: source };
    expect(await sandbox.stored()).toEqual([{ ...inkwells, ...priced }, callers, { ...unknown, ...priced }]);
    expect((await run('reprice', '--yes')).stdout).toContain('Nothing to reprice');
    expect((await run('undo')).stdout).toMatch(/Undid the change of .*: 2 records are as before/);
    expect(await text()).toBe(before);
  });

  it('touches a recorded cost only when it is asked for by name', async () => {
    expect((await run('reprice', '--yes', '--include-recorded', 'caller')).stdout).toContain('Repriced 3 records.');
    expect(await sandbox.stored()).toMatchObject([{}, { cost_usd: 0.008, unknown_field: 12.5 }, {}]);
    await run('undo');
    expect((await run('reprice', '--yes', '--model', 'gpt-*')).stdout).toContain('Nothing to reprice in 0 records');
  });
});

describe('prices', () => {
  it('are set, win over the table, are shown and removed', async () => {
    expect((await run('prices')).stdout).toContain('No custom prices');
    const set = ['prices', 'set', 'claude-*', '--provider', 'anthropic', '--input', '1', '--output', '2'];
    expect((await run(...set)).stdout).toContain('Set the price of anthropic/claude-*');
    expect((await run('record', ...CLAUDE, ...TOKENS)).stdout).toContain('about $0.014 (custom: anthropic/claude-*)');
    expect((await run(...set, '--cache-read', '0.1')).stdout).toContain('Replaced the price');
    expect((await run('prices')).stdout).toMatch(/anthropic +claude-\* +\$1\.00 +\$2\.00 +\$0\.10/);
    expect((await run('prices')).stdout).toContain('no newer prices fetched yet');
    const shown = await run('prices', 'show', 'claude-sonnet-4-5', '--provider', 'anthropic');
    expect(shown.stdout).toMatch(/by custom: anthropic\/claude-\*[^]*input +\$1\n/);
    const removed = await run('prices', 'remove', 'claude-*', '--provider', 'anthropic');
    expect(removed.stdout).toContain('Removed 1 custom price');
    expect((await run('prices', 'remove', 'claude-*')).code).toBe(1);
    expect(json(await run('prices', '--json'))).toMatchObject({
      prices: [],
      table: { version: '0.2.3' },
      fetched_at: null,
    });
  });

  it("are those of the editor's setting too, which are shown and changed only there", async () => {
    const set = ['prices', 'set', 'claude-*', '--provider', 'anthropic', '--input', '1', '--output', '2'];
    const { file } = json(await run(...set, '--json')) as { file: string };
    const price = { provider: 'anthropic', model: 'claude-*', input: 3, output: 3 };
    await keepEditorPrices(path.dirname(file), 'Some Editor (\u001B[31mx)', [price]);
    expect((await run('record', ...CLAUDE, ...TOKENS)).stdout).toContain('about $0.036 (custom: anthropic/claude-*)');
    const { stdout } = await run('prices');
    expect(stdout).toMatch(/anthropic +claude-\* +\$1\.00 +\$2\.00 .* prices\.json/);
    expect(stdout).toMatch(/anthropic +claude-\* +\$3\.00 +\$3\.00 .* editor/);
    expect(stdout).toContain('the setting llmSpend.prices of Some Editor (');
    expect(stdout).not.toContain('\u001B[31m');
    expect(json(await run('prices', '--json'))).toMatchObject({
      prices: [{ input: 1 }],
      editor: { file: expect.stringMatching(/editor-prices\.json$/) as string, prices: [price], problems: [] },
    });
    expect((await run(...set)).stderr).toContain('also has a price for anthropic/claude-*, which takes precedence');
    const remove = ['prices', 'remove', 'claude-*', '--provider', 'anthropic'];
    expect((await run(...remove)).stdout).toContain('Removed 1 custom price');
    const again = await run(...remove);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(
      'also has a price for anthropic/claude-*, which takes precedence. Change it there; if',
    );
  });

  it.each([
    [['set', 'x', '--input', '1'], '--output: is required'],
    [['set', 'x', '--input', '-1', '--output', '1'], '--input: must be a price'],
    [['set', 'x', '--input', 'free', '--output', '1'], '--input: must be a price'],
    [['set', 'x', '--input', '1', '--output', '1', '--from', 'today'], '--from: must be a day'],
    [['set'], 'needs the name of a model'],
    [['fetch'], 'must be one of list, show, set, remove, update'],
    [['show', 'gpt-5'], '--provider: is required'],
  ])('say what is wrong with %j', async (args, message) => {
    const { code, stderr } = await run('prices', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('are all kept when ten are set at once, and all gone when ten are removed at once', async () => {
    const models = Array.from({ length: 10 }, (_, i) => `model-${i}`);
    const set = await Promise.all(models.map((model) => run('prices', 'set', model, '--input', '1', '--output', '2')));
    expect(set.map(({ code, stderr }) => ({ code, stderr }))).toEqual(models.map(() => ({ code: 0, stderr: '' })));
    const file = path.join(sandbox.env['XDG_CONFIG_HOME'] ?? '', 'llm-spend', 'prices.json');
    const kept = JSON.parse(await readFile(file, 'utf8')) as { model: string }[];
    expect(kept.map(({ model }) => model).sort()).toEqual(models);
    const removed = await Promise.all(models.map((model) => run('prices', 'remove', model)));
    expect(removed.map(({ code }) => code)).toEqual(models.map(() => 0));
    expect(await readFile(file, 'utf8')).toBe('[]\n');
    // team.json, if the tests run with an unreachable team.
    expect((await readdir(path.dirname(file))).filter((name) => name !== 'team.json')).toEqual(['prices.json']);
  });

  it('are not written over a file that cannot be read', async () => {
    await run('prices', 'set', 'x', '--input', '1', '--output', '1');
    const { file } = json(await run('prices', '--json')) as { file: string };
    await writeFile(file, '[{');
    for (const args of [['prices'], ['prices', 'set', 'y', '--input', '1', '--output', '1']]) {
      const { code, stderr } = await run(...args);
      expect(code).toBe(1);
      expect(stderr).toContain('prices.json is not valid JSON');
    }
    expect(await readFile(file, 'utf8')).toBe('[{');
    const { stdout, stderr } = await run('record', ...CLAUDE, ...TOKENS);
    expect(stdout).toContain('cost unknown');
    expect(stderr).toContain('warning:');
  });

  it('are fetched only when a person says so, and shown with the time', async () => {
    const model = {
      id: 'claude-sonnet-4-5',
      match: { starts_with: 'claude-sonnet-4-5' },
      prices: { input_mtok: 7, output_mtok: 7 },
    };
    const gpt = { id: 'gpt-4o', match: { equals: 'gpt-4o' }, prices: { input_mtok: 1 } };
    const data = [
      { id: 'anthropic', name: 'Anthropic', api_pattern: 'anthropic', models: [model] },
      { id: 'openai', name: 'OpenAI', api_pattern: 'openai', models: [gpt] },
    ];
    let asked = 0;
    const fixture = (name: string) => new URL(`../../fixtures/${name}`, import.meta.url);
    const [key, cert] = await Promise.all(['localhost.key', 'localhost.crt'].map((name) => readFile(fixture(name))));
    const server = createServer({ key, cert }, (request, response) => {
      asked++;
      if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
      else if (request.url === '/unsafe') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      else if (request.url === '/wrong') response.end('{}');
      else response.end(JSON.stringify(data));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const update = (from: string) =>
      sandbox.on(sandbox.ledger, ['prices', 'update', from, '--at', new Date().toISOString().slice(0, 10)], {
        env: { NODE_EXTRA_CA_CERTS: fileURLToPath(fixture('localhost.crt')) },
      });
    try {
      await run('record', ...CLAUDE, ...TOKENS);
      expect(asked).toBe(0);
      const wrong = await update(`${address}/wrong`);
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain('unknown form');
      const unsafe = await update(`${address}/unsafe`);
      expect(unsafe.code).toBe(1);
      expect(unsafe.stderr).toContain('http://127.0.0.1:1/: prices are fetched over https only');
      expect((await update(`${address}/moved`)).stdout).toContain('the prices of 2 models of 2 providers');
      expect(asked).toBe(4);
      expect((await update(address.replace('https', 'http'))).stderr).toContain('over https only');
      expect(asked).toBe(4);
    } finally {
      server.close();
    }
    expect((await run('prices')).stdout).toMatch(/newer prices fetched at 20\d\d-/);
    const { stdout } = await run('record', ...CLAUDE, ...TOKENS);
    expect(stdout).toMatch(/about \$0\.084 \(genai-prices online 20/);
    const gone = await update(address);
    expect(gone.stderr).toContain('cannot be reached');
    expect(gone.code).toBe(1);
  });

  it('of a file are of the day of its data, so that old ones do not win over newer bundled ones', async () => {
    const file = sandbox.file('data.json');
    const write = (prices: object) => {
      const gpt = { id: 'gpt-4o', match: { equals: 'gpt-4o' }, prices };
      const openai = { id: 'openai', name: 'OpenAI', api_pattern: 'openai', models: [gpt] };
      return writeFile(file, JSON.stringify([openai]));
    };
    const since = (start_date: string, input_mtok: number) => ({
      constraint: { type: 'start_date', start_date },
      prices: { input_mtok },
    });
    const gpt = ['--provider', 'openai', '--model', 'gpt-4o', '--operation', 'chat', '--input-tokens', '1000000'];
    const cost = async () => (await run('record', ...gpt)).stdout;

    await write([{ prices: { input_mtok: 99 } }, since('2026-05-01', 98), since('2999-01-01', 97)]);
    const old = await run('prices', 'update', file);
    expect(old.code).toBe(1);
    expect(old.stderr).toMatch(
      /date from 2026-05-01, but those in use from (2026-\d\d-\d\d) or later\. If they are newer than \1, add --at DAY\. Nothing was changed/,
    );
    expect(await cost()).toContain('about $2.50 (');

    // Written just now, which does not tell how old the prices are.
    await write({ input_mtok: 99 });
    const undated = await run('prices', 'update', file);
    expect(undated.code).toBe(1);
    expect(undated.stderr).toMatch(
      /have no date\. If they are newer than 2026-\d\d-\d\d, add --at DAY\. Nothing was changed/,
    );
    expect((await run('prices', 'update', file, '--at', '2026-06-01')).stderr).toContain('date from 2026-06-01');
    const wrong = await run('prices', 'update', file, '--at', 'today');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('--at: must be a day');
    expect(await cost()).toContain('about $2.50 (');
    const today = new Date().toISOString().slice(0, 10);
    expect((await run('prices', 'update', file, '--at', '2998-01-01')).stdout).toContain(`of ${today} from`);
    expect(await cost()).toContain(`about $99.00 (genai-prices online ${today}`);

    const newer = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    await write([{ prices: { input_mtok: 99 } }, since(newer, 98)]);
    expect((await run('prices', 'update', file)).stdout).toContain(`of ${newer} from`);
    expect(await cost()).toContain(`about $98.00 (genai-prices online ${newer}`);
  });
});

describe('costs --currency', () => {
  const spaces = (text: string): string => text.replaceAll('\u00a0', ' ');
  beforeEach(async () => {
    const usage = { provider: 'openai', model: 'gpt-5', operation: 'chat' };
    const lines = [
      { ...usage, cost_usd: 2, timestamp: '2026-11-05T10:00:00Z' },
      { ...usage, model: 'o3', cost_usd: 4, timestamp: '2026-10-05T10:00:00Z' },
      { ...usage, model: 'own', input_tokens: 5, timestamp: '2026-10-05T10:00:00Z' },
    ];
    await sandbox.on(sandbox.ledger, ['record', '--stdin'], {
      input: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
  });

  it('converts at a rate, marked, and says so', async () => {
    const text = spaces((await run('costs', '--currency', 'eur=0.5', '--by', 'model')).stdout);
    expect(text).toMatch(/gpt-5 .* EUR 1\.00/);
    expect(text).toMatch(/own .* unknown .* 1/);
    expect(text).toMatch(/Total .* EUR 3\.00 .* 1/);
    expect(text).toContain('Converted at your rate: USD 1 = EUR 0.5. Stored costs stay in USD.');
    expect(text).not.toContain('$');
  });

  it('converts each day at its rate, and leaves USD where a day has none', async () => {
    const file = sandbox.file('rates.json');
    await writeFile(file, JSON.stringify({ currency: 'EUR', rates: { '2026-11-01': 0.5, '2099-01-01': 9 } }));
    const text = spaces((await run('costs', '--currency', file, '--by', 'month')).stdout);
    expect(text).toMatch(/2026-10 .* \$4\.00/);
    expect(text).toMatch(/2026-11 .* EUR 1\.00/);
    expect(text).toMatch(/Total .* \$6\.00/);
    expect(text).toContain('Costs on days without a rate are in USD.');
    expect(spaces((await run('costs', '--currency', file, '--recent', '3')).stdout)).toMatch(/gpt-5 .* EUR 1\.00/);
  });

  it.each([
    [['EUR=0'], 'rate: must be the number of units per USD'],
    [['EURO=1'], 'must be a rate such as EUR=0.92 (units per USD), or a file of rates (got "EURO=1"'],
    [['EUR=1', '--json'], 'cannot be combined with --json'],
    [['EUR=1', '--by', 'block'], 'cannot be combined with --by block'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run('costs', '--currency', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

it('one usage costs the same by the command, from a stream, by the library and from a response', async () => {
  const require = createRequire(import.meta.url);
  const { CostTracker } = require(path.join(path.dirname(cli), 'index.js')) as typeof Library;
  const library = new CostTracker({ ledger: sandbox.file('library.json') });
  const counts = fc.record({
    model: fc.constantFrom('claude-sonnet-4-5', 'claude-opus-4-1', 'claude-3-5-haiku-20241022', 'unheard-of'),
    fresh: fc.nat(300_000),
    read: fc.nat(300_000),
    write: fc.nat(50_000),
    output_tokens: fc.nat(50_000),
  });
  const samples = fc.sample(counts, { numRuns: 12, seed: 7 });
  const costs = (records: readonly { cost_usd: number; cost_known: boolean }[]): unknown[] =>
    records.map(({ cost_usd, cost_known }) => (cost_known ? cost_usd : 'unknown'));
  const usages = samples.map(({ model, fresh, read, write, output_tokens }) => ({
    provider: 'anthropic',
    model,
    operation: 'chat',
    input_tokens: fresh + read + write,
    cache_read_tokens: read,
    cache_write_tokens: write,
    output_tokens,
    timestamp: '2026-11-01T00:00:00Z',
  }));
  const responses = samples.map(({ model, fresh, read, write, output_tokens }) => ({
    type: 'message',
    model,
    created_at: '2026-11-01T00:00:00Z',
    usage: { input_tokens: fresh, cache_read_input_tokens: read, cache_creation_input_tokens: write, output_tokens },
  }));
  const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const expected = costs(await library.trackAll(usages));
  await library.close();
  expect(expected.filter((cost) => typeof cost === 'number').length).toBeGreaterThan(5);

  await sandbox.on(sandbox.file('stream.json'), ['record', '--stdin'], { input: lines(usages) });
  expect(costs((await sandbox.stored(sandbox.file('stream.json'))) as never)).toEqual(expected);
  const answered = sandbox.file('response.json');
  await sandbox.on(answered, ['record', '--response', '-', '--provider', 'anthropic'], { input: lines(responses) });
  expect(costs((await sandbox.stored(answered)) as never)).toEqual(expected);
  for (const [i, usage] of usages.slice(0, 4).entries()) {
    const flags = Object.entries(usage).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, String(value)]);
    const { stdout } = await sandbox.on(sandbox.file('command.json'), ['record', ...flags, '--json']);
    expect(costs([(JSON.parse(stdout) as { record: never }).record])).toEqual([expected[i]]);
  }
});

describe('old prices', () => {
  /** The clock of the command, days after the date of the bundled prices. */
  const clock = (days: number): Record<string, string> => {
    const now = Date.parse(BUNDLED.date) + days * 86_400_000 + 1_000;
    const code = `const ahead = ${now} - Date.now(), real = Date.now; Date.now = () => real() + ahead;`;
    return { NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(code)}"` };
  };
  const said = async (days: number, ...args: string[]): Promise<string[]> => {
    const { stdout } = await sandbox.run([...args, '--ledger', sandbox.ledger], { env: clock(days) });
    return stdout.match(/.*days old.*/g) ?? [];
  };
  const line = 'The prices are 31 days old: llm-spend prices update downloads the latest.';

  it('are named once, where a cost is an estimate', async () => {
    expect(await said(31, 'costs')).toEqual([]);
    await run('record', ...CLAUDE, ...TOKENS);
    expect(await said(30, 'costs')).toEqual([]);
    expect(await said(31, 'costs')).toEqual([line]);
    expect(await said(31, 'costs', '--by', 'model,day')).toEqual([line]);
    expect(await said(31, 'compare', '--with', 'gpt-5')).toEqual([line]);
  });

  it('are named once in the status line', async () => {
    const at = { env: clock(31), input: '{}' };
    await sandbox.run(['record', ...CLAUDE, ...TOKENS, '--ledger', sandbox.ledger], at);
    const { stdout } = await sandbox.run(['statusline', '--ledger', sandbox.ledger], at);
    expect(stdout).toBe('$0.06 today · prices 31 days old\n');
  });

  it('are no matter where all costs are recorded', async () => {
    await run('record', ...CLAUDE, ...TOKENS, '--cost', '1');
    expect(await said(31, 'costs')).toEqual([]);
  });
});
