import { randomBytes } from 'node:crypto';
import { exporterEnvironment, Forwarder, OtlpReceiver, ownCollector } from '../../../live/index.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { sqliteEngine } from '../../../ledger/sqlite/engine.ts';
import { openLedger } from '../../../library/index.ts';
import { withTimeout } from '../../../system/withTimeout.ts';
import { warn, type Terminal } from '../../output/terminal.ts';
import { userPrices } from '../../userPrices.ts';
import { RunIntake } from './runIntake.ts';
import type { RunMeter } from './runMeter.ts';
import { t } from '../../language/text.ts';

const TOKEN_BYTES = 24;
/** How long to wait for requests that are still being answered when the command has ended, ms. */
const CLOSE_MS = 5_000;

interface Listening {
  receiver: OtlpReceiver;
  intake: RunIntake;
  token: string;
}

/** Records the calls of one run: a receiver that only this run's command knows. */
export class RunRecording {
  /** The variables with which the command exports its calls. Empty: nothing can be recorded. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #listening: Listening | undefined;
  readonly #ledger: Ledger;

  private constructor(ledger: Ledger, listening?: Listening) {
    this.#ledger = ledger;
    this.#listening = listening;
    this.environment = listening === undefined ? {} : exporterEnvironment(listening.receiver.endpoint, listening.token);
  }

  /** Never fails: a command runs even if nothing can be recorded, and the user is warned. */
  static async start(target: string, meter: RunMeter, terminal: Terminal): Promise<RunRecording> {
    const ledger = openLedger({ ledger: target, pricing: false });
    try {
      // The join with logs needs SQLite, whatever the ledger.
      sqliteEngine();
      // Loaded while the command starts: its first call may pass the limit.
      const pricer = userPrices().then((prices) => prices.pricer());
      const intake = new RunIntake({ ledger, pricer, meter, terminal });
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const forwarder = forwarderOf(terminal);
      const receiver = await OtlpReceiver.listen({ port: 0, token, intake, forwarder, now: terminal.now });
      return new RunRecording(ledger, { receiver, intake, token });
    } catch (error) {
      await warn(terminal, t`Nothing is recorded, and no limit applies: ${(error as Error).message}`);
      return new RunRecording(ledger);
    }
  }

  /** Whether calls are reported and counted. */
  get isListening(): boolean {
    return this.#listening !== undefined;
  }

  /** The number of calls that could not be stored in the ledger. */
  get unrecorded(): number {
    return this.#listening?.intake.unrecorded ?? 0;
  }

  /** Whether something of ours still waits for the ledger, so that the process does not end by itself. */
  get isStuck(): boolean {
    return this.#listening?.intake.isStuck ?? false;
  }

  /** Stores all calls. Never fails. */
  async close(): Promise<void> {
    if (this.#listening !== undefined) await withTimeout(this.#listening.receiver.close(), CLOSE_MS);
    if (!this.isStuck) await this.#ledger.close().catch(() => undefined);
  }
}

/** The user's own collector also receives all exports of the command. */
function forwarderOf(terminal: Terminal): Forwarder | undefined {
  const collector = ownCollector(terminal.env);
  if (collector === undefined) return undefined;
  if (!collector.isHttp) {
    void warn(terminal, t`Your own collector receives nothing from this run, because its protocol is not HTTP.`);
    return undefined;
  }
  let isReported = false;
  return new Forwarder(collector.endpoint, collector.headers, (message) => {
    if (!isReported) void warn(terminal, t`Forwarding: ${message}`);
    isReported = true;
  });
}
