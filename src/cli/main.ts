import { version } from '../../package.json';
import { resolveLedgerPath, storeKind } from '../system/paths.ts';
import { oneShot } from './arguments/oneShot.ts';
import { keepCompiledCode } from './compileCache.ts';
import { readStdin } from './input/stdin.ts';
import { openTerminal } from './output/terminal.ts';
import { shownLine } from './output/statuslineCache.ts';

/**
 * Entry point of the `llm-spend` command: takes arguments, writes text or JSON, and sets the exit code.
 *
 * Only this file is loaded for the version and for a cached status line. A one-shot `record`, which scripts call once per LLM
 * call, loads a separate bundle; all other commands load the bundle of all commands.
 */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    await openTerminal().out.line(version);
    return 0;
  }
  if (argv[0] === 'statusline' && !argv.includes('--help') && !argv.includes('-h')) return statusline(argv);
  const flags = oneShot(argv);
  keepCompiledCode();
  if (flags === undefined || !isJsonLedger(flags.ledger)) {
    const { runCommand } = await import('./runCommand.ts');
    return runCommand(argv);
  }
  const { runRecord } = await import('./runRecord.ts');
  return runRecord(argv, flags);
}

/** Whether the arguments select a JSON ledger. If the path cannot be determined, the command reports that. */
function isJsonLedger(flag: string | undefined): boolean {
  try {
    return storeKind(resolveLedgerPath({ flag })) === 'json';
  } catch {
    return false;
  }
}

/** Prints the cached status line if it is still valid, otherwise a new one. */
async function statusline(argv: readonly string[]): Promise<number> {
  const input = await readStdin();
  const line = shownLine(argv, input, Date.now());
  if (line === undefined) {
    keepCompiledCode();
    const { runCommand } = await import('./runCommand.ts');
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
