import { afterEach, beforeEach, expect, test } from 'vitest';
import { claudeRequest, logsRequest } from '../../fixtures/otlp.ts';
import { Sandbox } from '../cli/harness.ts';
import { receiving, started } from './receiving.ts';

/** Three receivers share a port, and one after the other is killed or stopped while agents report. */

/** ms; ten minutes in the soak. */
const DURATION = Number(process.env['LLM_SPEND_PORT_FIGHT_MS'] ?? 2_500);
const SENDERS = 4;
/** ms between two ends of a receiver. */
const EVERY = 400;

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

test(
  'receivers that fight for a port: every call is recorded once',
  async () => {
    const first = await receiving(sandbox, ['--port', '0']);
    const { endpoint, token } = first;
    const { port } = new URL(endpoint);
    const another = (): ReturnType<typeof started> => started(sandbox, ['--port', port]);
    const receivers = [first, another(), another()];
    const end = Date.now() + DURATION;
    let call = 0;
    let ends = 0;
    /** Sends a call until it is acknowledged, as an exporter does. */
    const sender = async (): Promise<string[]> => {
      const acknowledged: string[] = [];
      while (Date.now() < end) {
        const id = `req_${call++}`;
        const body = JSON.stringify(logsRequest([claudeRequest(id)]));
        const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
        for (;;) {
          const answer = await fetch(`${endpoint}/v1/logs`, { method: 'POST', headers, body }).catch(() => undefined);
          if (answer?.status === 200) break;
          await pause(20);
        }
        acknowledged.push(id);
      }
      return acknowledged;
    };
    const fight = async (): Promise<void> => {
      while (Date.now() < end) {
        await pause(EVERY);
        const at = Math.floor(Math.random() * receivers.length);
        const { child, ended } = receivers[at]!;
        child.kill(Math.random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
        await ended;
        receivers[at] = another();
        ends++;
      }
    };
    try {
      const [acknowledged] = await Promise.all([Promise.all(Array.from({ length: SENDERS }, sender)), fight()]);
      const { stdout } = await sandbox.run(['export', '--format', 'ndjson']);
      const ids = stdout.split('\n').flatMap((line) => /"request_id":"(req_\d+)"/.exec(line)?.[1] ?? []);
      expect(ids.toSorted()).toEqual(acknowledged.flat().toSorted());
      expect(ends).toBeGreaterThan(2);
      if (DURATION > 10_000) console.log(`${ends} ends of receivers, ${ids.length} calls, each recorded once`);
    } finally {
      for (const { child, ended } of receivers) {
        child.kill('SIGKILL');
        await ended;
      }
    }
  },
  DURATION + 60_000,
);
