import { constants } from 'node:os';
import { scaleDecimal } from '../../../pricing/decimal.ts';
import { errno } from '../../../system/errno.ts';
import { importedLedgerPath, resolveLedgerPath } from '../../../system/paths.ts';
import { formatUsd, type Nanos } from '../../../usage/money.ts';
import type { CommandSpec } from '../../command.ts';
import { amount as amountOf, shown, wholeNumber } from '../../arguments/arguments.ts';
import { ledgerPath, type LedgerFlag } from '../../arguments/ledgerPath.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, totalsJson, writeJsonLine } from '../../output/json.ts';
import { say, type Terminal } from '../../output/terminal.ts';
import { counted, whole } from '../../report/numbers.ts';
import { wiredCommand } from './agentSettings.ts';
import { ChildGroup, type ChildEnd } from './childGroup.ts';
import { RunMeter } from './runMeter.ts';
import { RunProgress } from './runProgress.ts';
import { RunRecording } from './runRecording.ts';
import { totalsText } from '../../report/totals.ts';
import { t } from '../../language/text.ts';

export interface RunFlags extends LedgerFlag {
  budget?: string;
  plan?: boolean;
  grace?: string;
  json?: boolean;
}

const NANO_PLACES = 9;
const GRACE_SECONDS = 10;
/** Shells report a process that was ended by a signal as this plus the signal's number. */
const SIGNAL_BASE = 128;

/** The outcome of a run. */
interface Run {
  end: ChildEnd;
  /** Whether the limit ended the command. */
  isStopped: boolean;
  isOver: boolean;
  limit: Nanos | undefined;
  ms: number;
  /** Calls that could not be stored in the ledger. */
  unrecorded: number;
}

/** `llm-spend run [--budget X] -- COMMAND...`: runs a command, records its calls, and ends it at the limit. */
export async function run(command: readonly string[], flags: RunFlags, terminal: Terminal): Promise<number> {
  const limit = limitOf(flags.budget);
  const graceMs =
    1_000 * (flags.grace === undefined ? GRACE_SECONDS : wholeNumber('--grace', flags.grace, t`must be seconds`));
  const target = flags.ledger === undefined ? importedLedgerPath(resolveLedgerPath()) : ledgerPath(flags);
  const isInteractive = process.stdin.isTTY;
  const meter = new RunMeter(flags.plan === true);
  const progress = new RunProgress({ meter, limit, terminal, isInteractive: isInteractive && process.stdout.isTTY });
  const recording = await RunRecording.start(target, meter, terminal);
  const start = performance.now();
  let result: Run;
  const wired = await wiredCommand(command, recording.environment, terminal);
  try {
    const env = { ...process.env, ...recording.environment };
    const child = await ChildGroup.start(wired.command, { env, isInteractive });
    let stopping: Promise<void> | undefined;
    meter.onChange = () => {
      progress.update();
      if (limit !== undefined && meter.spent >= limit) stopping ??= child.stop(graceMs);
    };
    const end = await child.ended;
    const isStopped = stopping !== undefined;
    await stopping;
    result = { end, isStopped, isOver: false, limit, ms: performance.now() - start, unrecorded: 0 };
  } catch (error) {
    throw startError(command[0]!, error);
  } finally {
    progress.close();
    await recording.close();
    await wired.dispose();
  }
  // The last calls of a command are often reported when it ends.
  result.isOver = limit !== undefined && meter.spent >= limit;
  result.unrecorded = recording.unrecorded;
  if (recording.isListening) await writeReceipt(result, meter, { flags, terminal, target });
  const exitCode = exitCodeOf(result);
  // The exit code is due even if another process keeps the ledger locked. All calls are in a file by now.
  if (recording.isStuck) process.exit(exitCode);
  return exitCode;
}

function limitOf(flag: string | undefined): Nanos | undefined {
  if (flag === undefined) return undefined;
  const limit = scaleDecimal(amountOf('--budget', flag), NANO_PLACES);
  if (limit === 0n) throw usageError(t`--budget: must be above 0 (got ${shown(flag)}).`, '--budget');
  return limit;
}

function startError(command: string, error: unknown): unknown {
  const code = errno(error);
  if (code === 'ENOENT')
    return new CliError('no-command', t`There is no command ${shown(command)}. Check its name and PATH.`);
  if (code === undefined) return error;
  return new CliError('no-command', t`${shown(command)} cannot be started: ${(error as Error).message}.`);
}

function exitCodeOf({ end, isOver }: Run): number {
  if (isOver) return EXIT.limit;
  if (end.signal !== null) return SIGNAL_BASE + constants.signals[end.signal];
  return end.code ?? EXIT.failed;
}

interface ReceiptOptions {
  flags: RunFlags;
  terminal: Terminal;
  target: string;
}

/** Writes one line to stderr, because stdout belongs to the command. */
async function writeReceipt(result: Run, meter: RunMeter, { flags, terminal, target }: ReceiptOptions): Promise<void> {
  if (flags.json !== true) return say(terminal, receiptText(result, meter));
  const { end, isStopped, isOver, limit, ms, unrecorded } = result;
  await writeJsonLine(
    terminal.err,
    envelope('run', {
      exit_code: end.code,
      signal: end.signal,
      stopped: isStopped,
      limit_reached: isOver,
      limit_nanos: limit?.toString() ?? null,
      spent_nanos: meter.spent.toString(),
      seconds: Math.round(ms / 100) / 10,
      ledger: target,
      unrecorded,
      totals: totalsJson(meter.totals),
    }),
  );
}

function receiptText({ isStopped, isOver, limit, ms }: Run, { totals, spent }: RunMeter): string {
  const time = duration(ms);
  if (totals.records === 0) {
    return t`No model call was reported in ${time}. The command must export OpenTelemetry: see llm-spend run --help`;
  }
  const calls = t`${counted(totals.records, 'call')}, ${whole(totals.totalTokens)} tokens, ${time}`;
  const receipt = `${totalsText(totals)} (${calls})`;
  if (limit === undefined) return `${receipt}.`;
  if (!isOver) return t`${receipt}; limit ${formatUsd(limit)}, ${formatUsd(limit - spent)} left.`;
  return isStopped
    ? t`${receipt}; stopped at the limit of ${formatUsd(limit)}.`
    : t`${receipt}; over the limit of ${formatUsd(limit)} when the command ended.`;
}

/** `4.2 s`, `3 min 12 s`. */
function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export const command: CommandSpec<RunFlags> = {
  summary: 'run a command, record its calls, and stop it at a limit',
  arguments: [{ name: '<command...>', help: 'the command and its arguments' }],
  options: [
    { flags: '--budget <x>', help: 'stop the command when its calls have cost this many USD' },
    { flags: '--plan', help: 'count calls that a plan covers, at list price' },
    {
      flags: '--grace <seconds>',
      help: t`seconds that the command has to exit before it is killed (default: ${GRACE_SECONDS})`,
    },
  ],
  examples: ['llm-spend run --budget 2.00 -- claude -p "fix the tests"', 'llm-spend run -- python agent.py'],
  notes: t`The command gets the OpenTelemetry endpoint of this run in its environment: Claude Code, Gemini CLI, Copilot CLI and programs\nwith an OpenTelemetry SDK export to it. Codex takes its exporter only from its settings: use llm-spend connect codex.\nAt the limit the command and all processes that it started are stopped, and the exit code is 4; otherwise it is that of the command.\nThe receipt is a line on stderr, with --json as JSON. Put options of llm-spend before the command.`,
  passThrough: true,
  run: ({ flags, words: [words], terminal }) => run(words as string[], flags, terminal),
};
