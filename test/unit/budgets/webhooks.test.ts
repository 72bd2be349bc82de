import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { desktopCommand } from '../../../src/budgets/desktop.ts';
import {
  readWebhooks,
  removeWebhook,
  sendWebhook,
  setWebhook,
  webhookName,
  type Webhook,
} from '../../../src/budgets/webhooks.ts';

const KEY = Buffer.from('a key of the test').toString('base64');
const MESSAGE = { id: 'abc-80', text: 'Budget <all> has reached 80 %.', data: { budget: 'all', level: 80 } };
const NOW = Date.parse('2026-11-20T12:00:00Z');

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

let server: Server;
let received: Received[];
/** The status of each answer; 200 when there are no more. */
let statuses: number[];
let address: string;
let folder: string;
beforeEach(async () => {
  [received, statuses] = [[], []];
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-webhooks-'));
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200, { Location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const send = (kind: Webhook['kind'], secret?: string): Promise<void> =>
  sendWebhook({ kind, url: address, secret }, MESSAGE, { now: NOW, retryMs: [1, 1, 1] });

describe('what is sent', () => {
  test.each<[Webhook['kind'], unknown]>([
    ['slack', { text: 'Budget &lt;all&gt; has reached 80 %.' }],
    ['discord', { content: MESSAGE.text, allowed_mentions: { parse: [] } }],
    ['teams', expect.objectContaining({ type: 'message' })],
  ])('to %s', async (kind, body) => {
    await send(kind);
    expect(JSON.parse(received[0]!.body)).toEqual(body);
    expect(received[0]!.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'abc-80' });
  });

  test('to ntfy: text, with a title', async () => {
    await send('ntfy');
    expect(received[0]).toMatchObject({ body: MESSAGE.text, headers: { title: 'LLM Spend', priority: 'high' } });
  });

  test('signed as Standard Webhooks say', async () => {
    await send('signed', `whsec_${KEY}`);
    const { headers, body } = received[0]!;
    expect(JSON.parse(body)).toEqual({
      type: 'budget.level',
      timestamp: '2026-11-20T12:00:00.000Z',
      data: MESSAGE.data,
    });
    const signed = createHmac('sha256', Buffer.from(KEY, 'base64')).update(`abc-80.${NOW / 1_000}.${body}`);
    expect(headers).toMatchObject({
      'webhook-timestamp': String(NOW / 1_000),
      'webhook-signature': `v1,${signed.digest('base64')}`,
    });
  });
});

describe('failures', () => {
  test('of the server are retried with the same id', async () => {
    statuses = [500, 429, 503];
    await send('slack');
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array.from({ length: 4 }, () => 'abc-80'));
  });

  test('that last are an error without the address', async () => {
    statuses = [500, 500, 500, 500];
    const error = await send('slack').catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toBe(`slack (${new URL(address).host}): answered 500.`);
    expect(received).toHaveLength(4);
  });

  test.each([400, 404, 410, 302])('%i is not retried, and no redirection is followed', async (status) => {
    statuses = [status];
    await expect(send('slack')).rejects.toThrow(`answered ${status}`);
    expect(received).toHaveLength(1);
  });

  test('a server that is not there is named', async () => {
    await new Promise((resolve) => server.close(resolve));
    const webhook: Webhook = { kind: 'slack', url: address };
    const error = await sendWebhook(webhook, MESSAGE, { retryMs: [] }).catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toBe(`slack (${new URL(address).host}): cannot be reached (ECONNREFUSED).`);
  });
});

describe('webhooks.json', () => {
  test('is private, and has one webhook of each kind', async () => {
    const file = path.join(folder, 'webhooks.json');
    await setWebhook({ kind: 'slack', url: 'https://hooks.slack.com/services/T/B/x' }, file);
    await setWebhook({ kind: 'signed', url: 'https://example.org/', secret: KEY }, file);
    await setWebhook({ kind: 'slack', url: 'https://hooks.slack.com/services/T/B/y' }, file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readWebhooks(file).map(webhookName)).toEqual(['signed (example.org)', 'slack (hooks.slack.com)']);
    expect(readFileSync(file, 'utf8')).toContain('T/B/y');
    await removeWebhook('slack', file);
    expect(readWebhooks(file)).toHaveLength(1);
  });

  test.each<[string, Webhook]>([
    ['plain http', { kind: 'slack', url: 'http://example.org/secret' }],
    ['no address', { kind: 'slack', url: 'secret' }],
    ['signed without a key', { kind: 'signed', url: 'https://example.org/secret' }],
    ['a key where none is used', { kind: 'slack', url: 'https://example.org/secret', secret: KEY }],
  ])('%s is refused without naming the address', async (_, webhook) => {
    const error = await setWebhook(webhook, path.join(folder, 'webhooks.json')).catch(
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toContain('secret');
  });

  test('a damaged file is named, and nothing of it is printed', () => {
    const file = path.join(folder, 'webhooks.json');
    writeFileSync(file, '[{"kind":"slack","url":"https://secret"');
    expect(() => readWebhooks(file)).toThrow(`${file} is not valid JSON. Correct it`);
  });
});

test('the text of a desktop message is data on every system', () => {
  const text = '"; rm -rf ~ $(x) `y`';
  const { args: mac } = desktopCommand(text, 'darwin');
  expect(mac.slice(-2)).toEqual(['LLM Spend', text]);
  const { args: linux } = desktopCommand(text, 'linux');
  expect(linux.slice(-3)).toEqual(['--', 'LLM Spend', text]);
  const windows = desktopCommand(text, 'win32');
  expect(windows.args.join()).not.toContain('rm -rf');
  expect(windows.env).toMatchObject({ LLM_SPEND_TEXT: text });
});
