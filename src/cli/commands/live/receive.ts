import type { CommandSpec } from '../../command.ts';
import {
  Forwarder,
  isPort,
  LiveIntake,
  liveSettings,
  SharedReceiver,
  type OtlpReceiver,
  type ReceiverEvent,
} from '../../../live/index.ts';
import { sqliteEngine } from '../../../ledger/sqlite/engine.ts';
import { openLedger } from '../../../library/index.ts';
import { assignByUserRules } from '../../../rules/ruleFile.ts';
import { importedLedgerPath, resolveLedgerPath } from '../../../system/paths.ts';
import { shown } from '../../arguments/arguments.ts';
import { ledgerPath, type LedgerFlag } from '../../arguments/ledgerPath.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, writeJsonLine } from '../../output/json.ts';
import { say, warn, type Terminal } from '../../output/terminal.ts';
import { counted } from '../../report/numbers.ts';
import { userPrices } from '../../userPrices.ts';
import { t } from '../../language/text.ts';

export interface ReceiveFlags extends LedgerFlag {
  port?: string;
  forward?: string;
  json?: boolean;
}

/** `llm-spend receive`: records each call that an agent or program exports through OpenTelemetry, until it is stopped. */
export async function receive(flags: ReceiveFlags, terminal: Terminal): Promise<number> {
  // The join with logs needs SQLite, whatever the ledger: refuse now rather than with every request.
  sqliteEngine();
  const settings = await liveSettings().catch((error: unknown) => {
    throw new CliError('live-settings', (error as Error).message);
  });
  const port = portOf(flags.port) ?? settings.port;
  const target = flags.ledger === undefined ? importedLedgerPath(resolveLedgerPath()) : ledgerPath(flags);
  const reporter = new Reporter(flags, terminal, settings.token);
  const ledger = openLedger({ ledger: target, pricing: false });
  // Checked before the first sender may send.
  const { health, problems } = await ledger.refresh();
  if (health === 'unavailable')
    throw new CliError('unavailable', problems[0]?.message ?? t`${target} cannot be opened.`);
  const shared = new SharedReceiver({
    port,
    token: settings.token,
    intake: new LiveIntake({
      ledger,
      pricer: async () => (await userPrices()).pricer(),
      assign: assignByUserRules(),
    }),
    forwarder: forwarderOf(flags.forward, terminal),
    now: terminal.now,
    onEvent: (event) => reporter.event(event),
    onListening: (receiver) => reporter.listening(receiver),
    onForeign: () => reporter.foreign(port),
  });
  const stopped = stopSignal();
  try {
    await shared.start().catch((error: unknown) => {
      throw new CliError(
        'port',
        t`Cannot listen on port ${port}: ${(error as Error).message}. Name another: --port N.`,
      );
    });
    if (shared.receiver === undefined) await reporter.waiting(port);
    await stopped;
  } finally {
    await shared.close();
    await ledger.close();
  }
  return EXIT.done;
}

/** Resolves with the first signal to stop. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
}

function portOf(flag: string | undefined): number | undefined {
  if (flag === undefined) return undefined;
  if (flag !== '0' && !isPort(Number(flag)))
    throw usageError(t`--port: must be a port (got ${shown(flag)}).`, '--port');
  return Number(flag);
}

function forwarderOf(flag: string | undefined, terminal: Terminal): Forwarder | undefined {
  if (flag === undefined) return undefined;
  if (!/^https?:\/\//.test(flag) || !URL.canParse(flag)) {
    throw usageError(t`--forward: must be an http or https address (got ${shown(flag)}).`, '--forward');
  }
  const endpoint = new URL(flag);
  // Credentials in an address would be printed with it.
  const headers: Record<string, string> = {};
  if (endpoint.username !== '') {
    const pair = `${decodeURIComponent(endpoint.username)}:${decodeURIComponent(endpoint.password)}`;
    headers['Authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
    endpoint.username = endpoint.password = '';
  }
  return new Forwarder(endpoint.href, headers, (message) => void warn(terminal, t`Forwarding: ${message}`));
}

/** Reports events, as JSON on stdout or as text. */
class Reporter {
  readonly #flags: ReceiveFlags;
  readonly #terminal: Terminal;
  readonly #token: string;

  constructor(flags: ReceiveFlags, terminal: Terminal, token: string) {
    this.#flags = flags;
    this.#terminal = terminal;
    this.#token = token;
  }

  listening({ endpoint }: OtlpReceiver): void {
    if (this.#flags.json === true) {
      this.#json({ event: 'listening', endpoint, token: this.#token });
      return;
    }
    void this.#terminal.out.line(t`Listening on ${endpoint}. Connect an agent with: llm-spend connect AGENT`);
  }

  async waiting(port: number): Promise<void> {
    if (this.#flags.json === true) this.#json({ event: 'waiting', port });
    else await say(this.#terminal, t`Port ${port} is in use. This process takes over when it becomes free.`);
  }

  foreign(port: number): void {
    void warn(this.#terminal, t`Another program listens on port ${port}. Stop it, or name another port: --port N.`);
  }

  event({ signal, recorded, rejected, reason }: ReceiverEvent): void {
    if (this.#flags.json === true) {
      this.#json({ event: 'received', signal, recorded, rejected, ...(reason ? { reason } : {}) });
      return;
    }
    const time = new Date(this.#terminal.now()).toISOString().slice(11, 19);
    if (recorded > 0) void this.#terminal.out.line(`${time}  ${t`Recorded ${counted(recorded, 'call')}`}`);
    if (reason) void warn(this.#terminal, t`${counted(rejected, 'call')} refused: ${reason}`);
  }

  #json(fields: object): void {
    void writeJsonLine(this.#terminal.out, envelope('receive', fields));
  }
}

export const command: CommandSpec<ReceiveFlags> = {
  summary: 'record calls live, as agents and programs export them over OpenTelemetry',
  options: [
    { flags: '--port <n>', help: 'listen on this port of 127.0.0.1 (default: 14318)' },
    { flags: '--forward <url>', help: 'also forward everything to this OTLP endpoint' },
  ],
  examples: ['llm-spend receive', 'llm-spend receive --forward http://127.0.0.1:4318 --json'],
  notes: t`Calls go to imported.db beside the ledger. A call that is also in the log of an agent counts once.\nA sender needs the token of this receiver; llm-spend connect puts it into the settings of an agent.`,
  run: ({ flags, terminal }) => receive(flags, terminal),
};
