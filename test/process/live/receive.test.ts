import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { context, trace } from '@opentelemetry/api';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { idleTimer } from '../../fixtures/idleTime.ts';
import { chatAttributes, claudeRequest, logsRequest, tracesRequest, type Attributes } from '../../fixtures/otlp.ts';
import { Sandbox } from '../cli/harness.ts';
import { receiving, started, type Receiving } from './receiving.ts';

/** Also part of the soak, with more kills. */
const KILLS = Number(process.env['LLM_SPEND_SOAK_KILLS'] ?? 5);
const SOAK_MS = 300_000 + KILLS * 6_000;

let sandbox: Sandbox;
const children: { child: { kill: (signal: NodeJS.Signals) => boolean }; ended: Promise<unknown> }[] = [];
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(async () => {
  for (const { child, ended } of children.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await sandbox.dispose();
});

async function receive(args: readonly string[] = ['--port', '0']): Promise<Receiving> {
  const receiver = await receiving(sandbox, args);
  children.push(receiver);
  return receiver;
}

interface Row {
  record: Record<string, unknown>;
}

async function recorded(): Promise<Record<string, unknown>[]> {
  const { stdout } = await sandbox.run(['export', '--format', 'ndjson']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row['record']);
}

function post(
  receiver: Receiving,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${receiver.endpoint}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${receiver.token}`, ...headers },
    body,
  });
}

/** Sends calls as exporters do: again, if the receiver asks for it because this machine is too busy to store them in time. */
async function delivered(receiver: Receiving, body: string): Promise<Response> {
  for (;;) {
    const answer = await post(receiver, body);
    if (answer.status !== 503 && answer.status !== 429) return answer;
  }
}

const bodyOf = (...records: Attributes[]): string => JSON.stringify(logsRequest(records));

describe("vendors' exporters", () => {
  const exporters = {
    'JSON, as Claude Code and Gemini CLI export': JsonLogExporter,
    'protobuf, compressed': ProtoLogExporter,
  };
  test.each(Object.entries(exporters))('logs as %s', async (_, Exporter) => {
    const receiver = await receive();
    const exporter = new Exporter({
      url: `${receiver.endpoint}/v1/logs`,
      headers: { Authorization: `Bearer ${receiver.token}` },
      compression: (Exporter === ProtoLogExporter ? 'gzip' : 'none') as never,
    });
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ 'service.name': 'claude-code', project: 'site' }),
      processors: [new BatchLogRecordProcessor({ exporter })],
    });
    const logger = provider.getLogger('com.anthropic.claude_code.events');
    for (let call = 0; call < 3; call++) {
      logger.emit({
        body: 'claude_code.api_request',
        attributes: claudeRequest(`req_${call}`, { output_tokens: 2 ** 40 + call }),
      });
    }
    await provider.forceFlush();
    // The records are durable already, so the process that received them is not needed.
    receiver.child.kill('SIGKILL');
    await receiver.ended;
    expect(await recorded()).toMatchObject(
      [0, 1, 2].map((call) => ({
        request_id: `req_${call}`,
        input_tokens: 3_110,
        output_tokens: 2 ** 40 + call,
        cache_write_tokens: 100,
        project: 'site',
        timestamp: '2026-11-20T10:00:00.000Z',
      })),
    );
    await provider.shutdown();
  });

  test('spans as protobuf', async () => {
    const receiver = await receive();
    const exporter = new OTLPTraceExporter({
      url: `${receiver.endpoint}/v1/traces`,
      headers: { Authorization: `Bearer ${receiver.token}` },
    });
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const tracer = provider.getTracer('test');
    const agent = tracer.startSpan('invoke_agent x', {
      attributes: chatAttributes({ 'gen_ai.operation.name': 'invoke_agent' }),
    });
    const inAgent = trace.setSpan(context.active(), agent);
    tracer.startSpan('chat gpt-5', { attributes: chatAttributes({ 'gen_ai.response.id': 'resp_1' }) }, inAgent).end();
    agent.end();
    await provider.forceFlush();
    expect(await recorded()).toMatchObject([
      { model: 'gpt-5', input_tokens: 1_000, output_tokens: 100, response_id: 'resp_1', cost_usd: 0.0018 },
    ]);
    await provider.shutdown();
  });
});

test('a batch that is sent a hundred times is recorded once', async () => {
  const receiver = await receive();
  const body = bodyOf(claudeRequest('req_1'), claudeRequest('req_2'));
  for (let wave = 0; wave < 10; wave++) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => delivered(receiver, body)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  }
  expect((await recorded()).map((record) => record['request_id'])).toEqual(['req_1', 'req_2']);
});

test('of ten thousand records three break a rule: the others are recorded, and the answer says which', async () => {
  const receiver = await receive();
  const records = Array.from({ length: 10_000 }, (_, call) => claudeRequest(`req_${call}`));
  for (const call of [5, 500, 9_999]) records[call] = claudeRequest(`req_${call}`, { output_tokens: -1 });
  const answer = await delivered(receiver, bodyOf(...records));
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    partialSuccess: {
      rejectedLogRecords: '3',
      errorMessage: expect.stringMatching(/^output_tokens: .* \(records 6, 501, 10000\)$/) as string,
    },
  });
  expect(await recorded()).toHaveLength(9_997);
});

describe('senders that are refused', () => {
  const cases: [string, number, (receiver: Receiving) => Promise<Response>][] = [
    ['without the token', 401, (receiver) => post(receiver, '{}', { Authorization: '' })],
    ['with another token', 401, (receiver) => post(receiver, '{}', { Authorization: `Bearer ${'x'.repeat(32)}` })],
    ['a web page', 403, (receiver) => post(receiver, '{}', { Origin: 'https://example.org' })],
    ['a body that is not OTLP', 400, (receiver) => post(receiver, 'hello')],
    ['a damaged archive', 400, (receiver) => post(receiver, 'hello', { 'Content-Encoding': 'gzip' })],
    ['another type', 415, (receiver) => post(receiver, '{}', { 'Content-Type': 'text/plain' })],
    ['another encoding', 415, (receiver) => post(receiver, '{}', { 'Content-Encoding': 'br' })],
    ['a body of 17 MiB', 413, (receiver) => post(receiver, ' '.repeat(17 * 1024 * 1024))],
    [
      'a small archive of a large body',
      413,
      (receiver) =>
        post(receiver, new Uint8Array(gzipSync(Buffer.alloc(65 * 1024 * 1024, 0x20))), { 'Content-Encoding': 'gzip' }),
    ],
    [
      'GET',
      405,
      (receiver) => fetch(`${receiver.endpoint}/v1/logs`, { headers: { Authorization: `Bearer ${receiver.token}` } }),
    ],
  ];
  test('each with its status, and the receiver goes on', async () => {
    const receiver = await receive();
    for (const [name, status, request] of cases) {
      const answer = await request(receiver).catch((error: unknown) => error);
      // The rest of a body that is too large is not read: the sender may only see the connection end.
      if (status === 413 && answer instanceof Error) continue;
      expect([name, (answer as Response).status]).toEqual([name, status]);
    }
    expect((await delivered(receiver, bodyOf(claudeRequest('req_1')))).status).toBe(200);
    expect(await recorded()).toHaveLength(1);
  });

  test('a token in front of the path is as good as a header', async () => {
    const receiver = await receive();
    const answer = await fetch(`${receiver.endpoint}/${receiver.token}/v1/logs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: bodyOf(claudeRequest('req_1')),
    });
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    expect(await recorded()).toHaveLength(1);
  });
});

describe('HTTP as other clients speak it', () => {
  /** Sends bytes and resolves with the status of the last answer. Between the texts it waits for an answer. */
  async function exchange(receiver: Receiving, ...texts: (string | Buffer)[]): Promise<number> {
    const socket = connect(Number(new URL(receiver.endpoint).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (texts.length > 0) socket.write(texts.shift()!);
    });
    socket.write(texts.shift()!);
    await once(socket, 'close');
    return Number([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].at(-1)?.[1]);
  }

  test('each way of sending a call records it', async () => {
    const receiver = await receive();
    const { host } = new URL(receiver.endpoint);
    let call = 0;
    const body = (): string => bodyOf(claudeRequest(`req_${call++}`));
    const head = (text: string | Buffer, { first = 'POST /v1/logs HTTP/1.1', more = `Host: ${host}` } = {}): string =>
      [first, more, 'Content-Type: application/json', `Authorization: Bearer ${receiver.token}`, 'Connection: close']
        .concat(`Content-Length: ${text.length}`, '', '')
        .filter((line, at) => line !== '' || at > 4)
        .join('\r\n');
    const whole = (parts?: { first?: string; more?: string }): string => {
      const text = body();
      return head(text, parts) + text;
    };
    const chunk = body();
    const awaited = body();
    const packed = gzipSync(body());
    const tries: Record<string, (string | Buffer)[]> = {
      'HTTP/1.0 without a host': [whole({ first: 'POST /v1/logs HTTP/1.0', more: '' })],
      'a host in capitals': [whole({ more: `Host: LOCALHOST:1` })],
      'a rooted host': [whole({ more: 'Host: localhost.' })],
      IPv6: [whole({ more: 'Host: [::1]:14318' })],
      'a whole URL, as for a proxy': [whole({ first: `POST http://${host}/v1/logs HTTP/1.1` })],
      'a slash too many': [whole({ first: 'POST //v1/logs/ HTTP/1.1' })],
      'a query': [whole({ first: 'POST /v1/logs?x=1 HTTP/1.1' })],
      chunks: [
        head('').replace('Content-Length: 0', 'Transfer-Encoding: chunked') +
          `1\r\n${chunk[0]}\r\n${(chunk.length - 1).toString(16)}\r\n${chunk.slice(1)}\r\n0\r\n\r\n`,
      ],
      'a client that waits until it may send': [
        head(awaited, { more: `Host: ${host}\r\nExpect: 100-continue` }),
        awaited,
      ],
      'the older name of gzip': [
        Buffer.concat([Buffer.from(head(packed, { more: `Host: ${host}\r\nContent-Encoding: X-GZIP` })), packed]),
      ],
      'two requests at once': [whole().replace('close', 'keep-alive') + whole()],
    };
    for (const [name, texts] of Object.entries(tries)) {
      expect([name, await exchange(receiver, ...texts)]).toEqual([name, 200]);
    }
    const foreign = ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '[::2]', ''];
    for (const name of foreign) expect(await exchange(receiver, whole({ more: `Host: ${name}` }))).toBe(403);
    expect(await exchange(receiver, whole({ first: 'POST http://evil.example/v1/logs HTTP/1.1' }))).toBe(403);
    const stored = (await recorded()).map((record) => record['request_id']);
    const sent = Array.from({ length: call - foreign.length - 1 }, (_, at) => `req_${at}`);
    expect([stored.length, new Set(stored)]).toEqual([sent.length, new Set(sent)]);
  });
});

test(
  'killed under load again and again: every call that was answered 200 is there once',
  async () => {
    let receiver = await receive();
    const acknowledged: string[] = [];
    let call = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const until = acknowledged.length + 40 + Math.floor(Math.random() * 60);
      const sender = async (): Promise<void> => {
        for (;;) {
          const ids = [`req_${call++}`, `req_${call++}`];
          const answer = await delivered(receiver, bodyOf(...ids.map((id) => claudeRequest(id)))).catch(
            () => undefined,
          );
          if (answer === undefined) return;
          expect(answer.status).toBe(200);
          acknowledged.push(...ids);
          if (acknowledged.length >= until) receiver.child.kill('SIGKILL');
        }
      };
      await Promise.all(Array.from({ length: 4 }, sender));
      await receiver.ended;
      receiver = await receive();
    }
    const stored = (await recorded()).map((record) => record['request_id']);
    expect(new Set(stored).size).toBe(stored.length);
    expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(KILLS * 40);
  },
  SOAK_MS,
);

test(
  'killed between the spans of a call: each call is recorded once',
  async () => {
    const kills = Math.ceil(KILLS / 4);
    let receiver = await receive();
    for (let kill = 0; kill < kills; kill++) {
      const send = async (span: string, parent?: string): Promise<void> => {
        const trace = String(kill).padStart(32, 'a');
        const spans = [{ name: 'chat', trace, span, attributes: chatAttributes(), ...(parent && { parent }) }];
        const answer = await fetch(`${receiver.endpoint}/v1/traces`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${receiver.token}` },
          body: JSON.stringify(tracesRequest(spans)),
        });
        expect(answer.status).toBe(200);
      };
      const order: [string, string?][] = [['02', '01'], ['01']];
      if (kill % 2 === 1) order.reverse();
      await send(...order[0]!);
      receiver.child.kill('SIGKILL');
      await receiver.ended;
      receiver = await receive();
      await send(...order[1]!);
    }
    expect(await recorded()).toHaveLength(kills);
  },
  SOAK_MS,
);

test('another process takes over within two seconds', async () => {
  const first = await receive();
  const port = new URL(first.endpoint).port;
  const second = started(sandbox, ['--port', port]);
  children.push(second);
  expect(await second.next('waiting')).toMatchObject({ port: Number(port) });
  const passed = idleTimer();
  first.child.kill('SIGKILL');
  const { endpoint, token } = await second.next('listening');
  expect(passed()).toBeLessThan(2_000);
  expect([endpoint, token]).toEqual([first.endpoint, first.token]);
  expect((await delivered(first, bodyOf(claudeRequest('req_1')))).status).toBe(200);
});

test('what is received is forwarded, and a collector that fails harms nothing', async () => {
  const bodies: string[] = [];
  let status = 200;
  const collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(`${request.url} ${body}`);
      response.writeHead(status).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const receiver = await receive(['--port', '0', '--forward', `http://127.0.0.1:${port}`]);
  const body = bodyOf(claudeRequest('req_1'));
  await delivered(receiver, body);
  await expect.poll(() => bodies).toEqual([`/v1/logs ${body}`]);
  status = 500;
  expect((await delivered(receiver, bodyOf(claudeRequest('req_2')))).status).toBe(200);
  await new Promise((resolve) => collector.close(resolve));
  collector.closeAllConnections();
  expect((await delivered(receiver, bodyOf(claudeRequest('req_3')))).status).toBe(200);
  expect(await recorded()).toHaveLength(3);
});

test('a ledger that cannot be written: the sender is asked to come again, and then it is recorded', async () => {
  const receiver = await receive(['--port', '0', '--ledger', sandbox.file('live.db')]);
  const { DatabaseSync } = await import('node:sqlite');
  await delivered(receiver, bodyOf(claudeRequest('req_1')));
  const lock = new DatabaseSync(sandbox.file('live.db'));
  lock.exec('BEGIN EXCLUSIVE');
  const refused = await post(receiver, bodyOf(claudeRequest('req_2')));
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '2']);
  lock.exec('ROLLBACK');
  lock.close();
  expect((await delivered(receiver, bodyOf(claudeRequest('req_2')))).status).toBe(200);
});
