import { join } from 'node:path';
import { version } from '../../package.json';
import { loadBundle } from './codeCache.ts';
import { useAllowance } from '../budgets/allowance.ts';
import { HOOK_AGENTS, keptAnswer } from '../budgets/headroom.ts';
import { defaultCountedLedgers } from '../library/countedLedgers.ts';
import { readAll, readStdin } from './input/stdin.ts';
import { openTerminal } from './output/terminal.ts';
import { shownLine } from './output/shownLine.ts';
import type * as command from './runCommand.ts';
import type * as record from './runRecord.ts';

/**
 * Entry point of the `llm-spend` command: takes arguments, writes text or JSON, and sets the exit code.
 *
 * Only this file is loaded for the version, for a cached status line, and for a hook whose last answer holds. A one-shot `record`,
 * which scripts call once per LLM call, loads a separate bundle, because loading all commands takes 40 ms of processor time more.
 */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    await openTerminal().out.line(version);
    return 0;
  }
  if (argv[0] === 'statusline' && !argv.includes('--help') && !argv.includes('-h')) return statusline(argv);
  if (argv[0] === 'record') {
    const { runRecord } = bundle('record') as typeof record;
    const exitCode = await runRecord(argv);
    if (exitCode !== undefined) return exitCode;
  }
  if (argv.length === 3 && argv[0] === 'budget' && argv[1] === 'hook') return hook(argv);
  const { runCommand } = bundle('commands') as typeof command;
  return runCommand(argv);
}

/** Repeats the last answer before a tool call of an agent, as long as it surely holds. */
async function hook(argv: readonly string[]): Promise<number> {
  const input = readAll(0) ?? (await readStdin());
  const now = Date.now();
  const kept = HOOK_AGENTS.includes(argv[2]!) ? keptAnswer(now, defaultCountedLedgers) : undefined;
  if (kept === undefined) {
    const { runCommand } = bundle('commands') as typeof command;
    return runCommand(argv, input);
  }
  if (kept.answer !== '' && !(kept.isOver && useAllowance(now))) await openTerminal().out.raw(`${kept.answer}\n`);
  return 0;
}

/** The exports of a file beside this one in `dist`. */
function bundle(name: 'record' | 'commands'): unknown {
  return loadBundle(join(__dirname, `${name}.js`));
}

/** Prints the cached status line if it is still valid, otherwise a new one. */
async function statusline(argv: readonly string[]): Promise<number> {
  const input = await readStdin();
  const line = shownLine(argv, input, Date.now());
  if (line === undefined) {
    const { runCommand } = bundle('commands') as typeof command;
    return runCommand(argv, input);
  }
  await openTerminal().out.line(line);
  return 0;
}

// Not process.exit, which would cut off output still being written to a pipe.
void main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`llm-spend: Unexpected: ${message}. Please report this.\n`);
    process.exitCode = 1;
  },
);
