import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { updateFile } from '../system/atomicFile.ts';
import { pause } from '../system/disk.ts';
import { errno } from '../system/errno.ts';
import { defaultLedgerPath } from '../system/paths.ts';

/**
 * Webhooks for warnings. Their addresses are secrets (the address of a Slack webhook is its password), so they are in
 * `webhooks.json` in the config folder, which only its owner may read, and never in settings, messages or logs.
 */

export const WEBHOOK_KINDS = ['slack', 'discord', 'teams', 'ntfy', 'signed'] as const;
export type WebhookKind = (typeof WEBHOOK_KINDS)[number];

export interface Webhook {
  kind: WebhookKind;
  url: string;
  /** Only for `signed`: the key of the signature, base64, with or without `whsec_`. */
  secret?: string | undefined;
}

/** A warning as it is sent. */
export interface WebhookMessage {
  /** Equal for equal warnings, so that receivers can drop repetitions. */
  id: string;
  /** A sentence. */
  text: string;
  /** For `signed`. */
  data: object;
}

const PRIVATE = 0o600;
const TIMEOUT_MS = 10_000;
/** Waits before a message is sent again, ms. */
const RETRY_MS: readonly number[] = [1_000, 4_000, 16_000];
const KEY = /^(whsec_)?[\w+/-]{16,}=*$/;

const WEBHOOKS = z.array(
  z.object({
    kind: z.enum(WEBHOOK_KINDS),
    url: z.string().check(z.refine(isAddress, 'must be an https address')),
    secret: z.optional(z.string().check(z.regex(KEY, 'must be a base64 key of at least 16 characters'))),
  }),
);

export function webhooksPath(folder: string = dirname(defaultLedgerPath())): string {
  return join(folder, 'webhooks.json');
}

/** Plain http is only for this machine: the address would be readable on its way. */
function isAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
}

/** @throws {Error} when the file is damaged; the message contains nothing of it. */
export function readWebhooks(path: string = webhooksPath()): Webhook[] {
  try {
    return webhooksIn(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}

function webhooksIn(text: string, path: string): Webhook[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${path} is not valid JSON. Correct it, or delete it and add your webhooks again.`);
  }
  const parsed = WEBHOOKS.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is invalid'}.`);
}

/** Adds or replaces the webhook of its kind. @throws {Error} when it breaks a rule. */
export async function setWebhook(webhook: Webhook, path: string = webhooksPath()): Promise<void> {
  webhooksIn(JSON.stringify([webhook]), 'webhook');
  if ((webhook.kind === 'signed') !== (webhook.secret !== undefined)) {
    throw new Error('webhook: signed needs a key, and the other kinds take none.');
  }
  await change((all) => [...all.filter(({ kind }) => kind !== webhook.kind), webhook], path);
}

export function removeWebhook(kind: WebhookKind, path: string = webhooksPath()): Promise<void> {
  return change((all) => all.filter((each) => each.kind !== kind), path);
}

async function change(edit: (all: Webhook[]) => Webhook[], path: string): Promise<void> {
  const content = (bytes: Buffer | undefined): string =>
    `${JSON.stringify(edit(bytes === undefined ? [] : webhooksIn(bytes.toString('utf8'), path)), undefined, 2)}\n`;
  await updateFile(path, content, { mode: PRIVATE });
}

/** Names a webhook without its secret. */
export function webhookName({ kind, url }: Webhook): string {
  return `${kind} (${new URL(url).host})`;
}

/**
 * Sends a message, again after failures of the network or the server.
 * @throws {Error} when it was not accepted. The message contains no secret.
 */
export async function sendWebhook(
  webhook: Webhook,
  message: WebhookMessage,
  { now = Date.now(), retryMs = RETRY_MS }: { now?: number; retryMs?: readonly number[] } = {},
): Promise<void> {
  const { headers, body } = requestOf(webhook, message, now);
  for (let attempt = 0; ; attempt++) {
    const failure = await post(webhook.url, headers, body);
    if (failure === undefined) return;
    const wait = retryMs[attempt];
    if (!failure.isTemporary || wait === undefined) throw new Error(`${webhookName(webhook)}: ${failure.reason}.`);
    await pause(wait);
  }
}

async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ reason: string; isTemporary: boolean } | undefined> {
  try {
    // A redirection would send the message to a place that the user has not named.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await response.arrayBuffer();
    if (response.ok) return undefined;
    const { status } = response;
    return { reason: `answered ${status}`, isTemporary: status >= 500 || status === 429 };
  } catch (error) {
    const code = errno((error as Error).cause);
    return { reason: code === undefined ? 'cannot be reached' : `cannot be reached (${code})`, isTemporary: true };
  }
}

function requestOf(
  { kind, secret }: Webhook,
  { id, text, data }: WebhookMessage,
  now: number,
): { headers: Record<string, string>; body: string } {
  const json = { 'Content-Type': 'application/json', 'webhook-id': id };
  switch (kind) {
    case 'slack':
      // These characters are markup in Slack.
      return { headers: json, body: JSON.stringify({ text: escaped(text) }) };
    case 'discord':
      return { headers: json, body: JSON.stringify({ content: text, allowed_mentions: { parse: [] } }) };
    case 'teams':
      return { headers: json, body: JSON.stringify(adaptiveCard(text)) };
    case 'ntfy':
      return { headers: { Title: 'LLM Spend', Priority: 'high', 'webhook-id': id }, body: text };
    case 'signed': {
      const timestamp = Math.floor(now / 1_000);
      const body = JSON.stringify({ type: 'budget.level', timestamp: new Date(now).toISOString(), data });
      // https://github.com/standard-webhooks/standard-webhooks
      const key = Buffer.from((secret ?? '').replace(/^whsec_/, ''), 'base64');
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
      return {
        headers: { ...json, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` },
        body,
      };
    }
    default:
      return kind satisfies never;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function adaptiveCard(text: string): object {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [{ type: 'TextBlock', text, wrap: true }],
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] };
}
