import {
  readWebhooks,
  removeWebhook,
  sendWebhook,
  setWebhook,
  webhookName,
  WEBHOOK_KINDS,
  type WebhookKind,
} from '../../../budgets/webhooks.ts';
import { choice } from '../../arguments/arguments.ts';
import { readStdin } from '../../input/stdin.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, writeJson } from '../../output/json.ts';
import type { Terminal } from '../../output/terminal.ts';
import { t } from '../../language/text.ts';

export interface WebhookFlags {
  remove?: boolean;
  test?: boolean;
  json?: boolean;
}

/** `llm-spend budget webhook [KIND]`: lists, sets, removes or tests webhooks. Their addresses come from stdin and are never printed. */
export async function webhook(name: string | undefined, flags: WebhookFlags, terminal: Terminal): Promise<number> {
  const kind = name === undefined ? undefined : choice('budget webhook', name, WEBHOOK_KINDS);
  try {
    if (kind === undefined) return await list(flags, terminal);
    const text = await act(kind, flags, terminal);
    if (flags.json === true)
      await writeJson(terminal.out, envelope('budget', { action: 'webhook', kind, status: text }));
    else await terminal.out.line(text);
    return EXIT.done;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('webhook', (error as Error).message);
  }
}

async function list(flags: WebhookFlags, terminal: Terminal): Promise<number> {
  const names = readWebhooks().map(webhookName);
  if (flags.json === true) await writeJson(terminal.out, envelope('budget', { action: 'webhook', webhooks: names }));
  else await terminal.out.line(names.length === 0 ? t`There are no webhooks.` : names.join('\n'));
  return EXIT.done;
}

async function act(kind: WebhookKind, flags: WebhookFlags, terminal: Terminal): Promise<string> {
  if (flags.remove === true) {
    await removeWebhook(kind);
    return t`Removed the webhook ${kind}.`;
  }
  if (flags.test === true) {
    const found = readWebhooks().find((each) => each.kind === kind);
    if (found === undefined) throw new CliError('no-webhook', t`There is no webhook ${kind}.`);
    const id = `test-${terminal.now()}`;
    await sendWebhook(found, { id, text: 'LLM Spend: this is a test of your webhook.', data: { test: true } });
    return t`Sent a test to ${webhookName(found)}.`;
  }
  const [url = '', secret] = (terminal.input ?? (await readStdin())).split('\n').map((line) => line.trim());
  if (url === '') {
    throw usageError(
      t`budget webhook ${kind}: pass the address on stdin, so that it is in no history: llm-spend budget webhook ${kind} < FILE`,
    );
  }
  await setWebhook({ kind, url, ...(secret ? { secret } : {}) });
  return t`Set the webhook ${webhookName({ kind, url })}. Test it with: llm-spend budget webhook ${kind} --test`;
}
