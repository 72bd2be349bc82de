import { spawn } from 'node:child_process';
import { readFile, truncate } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cli, Sandbox } from './harness.ts';

/** The official client, as far as these tests use it. It is loaded at run time, so that a checkout without it type-checks. */
interface McpClient {
  connect(transport: object): Promise<void>;
  close(): Promise<void>;
  listTools(): Promise<{ tools: { name: string; annotations?: { readOnlyHint?: boolean } }[] }>;
  callTool(call: { name: string; arguments: object }): Promise<{ content: { text: string }[]; isError?: boolean }>;
  setRequestHandler(method: string, handler: (request: { params: { message: string } }) => object): void;
}
const OFFICIAL: string = '@modelcontextprotocol/client';
const { Client } = (await import(OFFICIAL)) as { Client: new (info: object, options: object) => McpClient };
const { StdioClientTransport } = (await import(`${OFFICIAL}/stdio`)) as {
  StdioClientTransport: new (server: object) => object;
};

let sandbox: Sandbox;
let clients: McpClient[];
beforeEach(async () => {
  sandbox = await Sandbox.create();
  clients = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await sandbox.dispose();
});

/** Starts the server with the official client. @param answer what the person answers when asked; absent: cannot be asked. */
async function connected(versions: string[], answer?: (message: string) => 'accept' | 'decline'): Promise<McpClient> {
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: answer === undefined ? {} : { elicitation: { form: {} } }, supportedProtocolVersions: versions },
  );
  if (answer !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      const action = answer(params.message);
      return action === 'accept' ? { action, content: { record: true } } : { action };
    });
  }
  const args = [cli, 'mcp', '--ledger', sandbox.ledger];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env: sandbox.env }));
  clients.push(client);
  return client;
}

async function call(client: McpClient, name: string, input: Record<string, unknown> = {}): Promise<string> {
  const result = await client.callTool({ name, arguments: input });
  return `${result.isError === true ? 'error: ' : ''}${result.content.map(({ text }) => text).join('')}`;
}

const USAGE = { provider: 'anthropic', model: 'claude-sonnet-4-5', operation: 'review', input_tokens: 1000 };
const CURRENT = ['2025-11-25'];
const stored = async (): Promise<object[]> => JSON.parse(await readFile(sandbox.ledger, 'utf8')) as object[];

test('answers over a damaged ledger say that they cover a part', async () => {
  const usage = '--provider openai --model gpt-5 --operation chat --cost-usd 2'.split(' ');
  for (let i = 0; i < 2; i++) await sandbox.run(['record', ...usage, '--ledger', sandbox.ledger]);
  await sandbox.run(['budget', 'set', 'all', '--amount', '10']);
  await truncate(sandbox.ledger, (await readFile(sandbox.ledger)).length - 40);
  const client = await connected(CURRENT);
  const note = 'A ledger is damaged or cannot be opened: these figures cover the rest. See: llm-spend verify';
  expect(await call(client, 'spend')).toContain(`$2.00, 1 record\n${note}`);
  expect(await call(client, 'why_dear')).toContain(note);
  expect(await call(client, 'budgets_left')).toContain(
    'at least $2.00 of $10.00 this month (20 %), at most $8.00 left',
  );
});

describe.each([[['2025-11-25']], [['2024-11-05']]])('the official client, speaking %s', (versions) => {
  test('lists the tools, calls each, and reads errors', async () => {
    await sandbox.run([
      'record',
      '--provider',
      'openai',
      '--model',
      'gpt-5',
      '--operation',
      'chat',
      '--cost-usd',
      '2',
      '--ledger',
      sandbox.ledger,
    ]);
    const client = await connected(versions, () => 'accept');
    const { tools } = await client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual([
      ['spend', true],
      ['budgets_left', true],
      ['why_dear', true],
      ['price_call', true],
      ['receipt', true],
      ['record_usage', false],
    ]);
    expect(await call(client, 'spend', { period: 'all' })).toBe('Spend, all: $2.00, 1 record');
    expect(await call(client, 'budgets_left')).toBe('No budgets are set.');
    expect(await call(client, 'why_dear')).toContain('Grew most:\n');
    expect(await call(client, 'price_call', { model: 'gpt-5', input_tokens: 1000 })).toContain(
      '$0.00125 for openai/gpt-5',
    );
    expect(await call(client, 'receipt', { range: '--all' })).toMatch(/^error: /);
    expect(await call(client, 'receipt')).toMatch(/^Receipt of |^error: .*no repository/);
    expect(await call(client, 'record_usage', USAGE)).toContain('~$0.003');
    expect(await call(client, 'spend', { period: 'all' })).toContain('~$2.00, 2 records');
    expect(await call(client, 'spend', { period: 3 })).toContain('error: period: must be a string (got 3)');
    expect(await call(client, 'spend', { ledger: '/etc/passwd' })).toContain('error: "ledger" is no property');
    await expect(client.callTool({ name: 'delete_all', arguments: {} })).rejects.toThrow(
      'There is no tool "delete_all"',
    );
  });
});

test('recording asks the person through the client, and shows what would be written', async () => {
  const asked: string[] = [];
  const client = await connected(CURRENT, (message) => {
    asked.push(message);
    return 'decline';
  });
  expect(await call(client, 'record_usage', USAGE)).toBe('The user did not agree. Nothing was recorded.');
  expect(asked).toEqual([expect.stringContaining('operation: "review"\ninput_tokens: 1000\ncost: ~$0.003')]);
  await expect(stored()).rejects.toThrow('ENOENT');
});

test('a client that cannot ask gets the preview first, and a code that is good for one record', async () => {
  const client = await connected(CURRENT);
  const preview = await call(client, 'record_usage', USAGE);
  expect(preview).toContain('Nothing is recorded yet.');
  const confirm = /confirm: "(\w+)"/.exec(preview)![1]!;
  expect(await call(client, 'record_usage', { ...USAGE, input_tokens: 9, confirm })).toContain(
    'Nothing is recorded yet.',
  );
  await expect(stored()).rejects.toThrow('ENOENT');
  expect(await call(client, 'record_usage', { ...USAGE, confirm })).toContain('Recorded as ');
  expect(await call(client, 'record_usage', { ...USAGE, confirm })).toContain('Nothing is recorded yet.');
  await expect.poll(stored).toMatchObject([{ ...USAGE, source: 'agent-tool', cost_usd: 0.003 }]);
});

test('a thousand calls in a row', async () => {
  await sandbox.run([
    'record',
    '--provider',
    'openai',
    '--model',
    'gpt-5',
    '--operation',
    'chat',
    '--cost-usd',
    '2',
    '--ledger',
    sandbox.ledger,
  ]);
  const client = await connected(CURRENT);
  for (let i = 0; i < 1000; i++) {
    expect(await call(client, 'spend', { period: 'all' })).toBe('Spend, all: $2.00, 1 record');
  }
});

test('input that is no message is answered as such, and the server goes on', async () => {
  const server = spawn(process.execPath, [cli, 'mcp', '--ledger', sandbox.ledger], { env: sandbox.env });
  let output = '';
  server.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => server.once('close', resolve));
  server.stdin.write(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"1999-01-01"}}\n`);
  server.stdin.write('not json\n[1]\n\n"text"\n');
  server.stdin.write(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${'x'.repeat(10_000_000)}"}}\n`);
  server.stdin.write(`{"jsonrpc":"2.0","method":"notifications/initialized"}\n`);
  server.stdin.write(
    `{"jsonrpc":"2.0","id":2,"method":"resources/list"}\n{"jsonrpc":"2.0","id":"three","method":"ping"}`,
  );
  server.stdin.end();
  expect(await ended).toBe(0);
  const messages = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const answers = messages.map(({ id, result, error }) => [
    id,
    (error as { code: number } | undefined)?.code ?? result,
  ]);
  expect(answers).toHaveLength(7);
  expect(answers).toEqual(
    expect.arrayContaining([
      [0, expect.objectContaining({ protocolVersion: '2025-11-25' })],
      [null, -32_700],
      [null, -32_600],
      [1, -32_600],
      [2, -32_601],
      ['three', {}],
    ]),
  );
});
