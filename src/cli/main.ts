import { resolveLedgerPath, storeOf } from '../system/paths.ts';
import { oneShot } from './start/oneShot.ts';
import { plainImport } from './start/plainImport.ts';
import { readStdin } from './input/stdin.ts';
import { shownLine } from './start/statuslineCache.ts';
import { openTerminal } from './output/terminal.ts';

/**
 * The `llm-spend` command: arguments in, text or JSON and an exit code out.
 *
 * Scripts call `record` once for each LLM call, and editors `import` every few seconds, so a plain one pays for nothing
 * but itself: each of them and all commands together are three bundles, of which one is loaded.
 */
async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'statusline' && !argv.includes('--help') && !argv.includes('-h')) return statusline(argv);
  const plain = plainImport(argv);
  if (plain !== undefined) {
    const { runImport } = await import('./start/runImport.ts');
    return runImport(argv, plain);
  }
  const flags = oneShot(argv);
  if (flags === undefined || storeOf(resolveLedgerPath({ flag: flags.ledger })) !== 'json') {
    const { runAny } = await import('./start/runAny.ts');
    return runAny(argv);
  }
  const { runRecord } = await import('./start/runRecord.ts');
  return runRecord(argv, flags);
}

/** The line that was shown last, while it holds: nothing else of the command is loaded for it. */
async function statusline(argv: readonly string[]): Promise<number> {
  const input = await readStdin();
  const line = shownLine(argv, input, Date.now());
  if (line === undefined) {
    const { runAny } = await import('./start/runAny.ts');
    return runAny(argv, input);
  }
  await openTerminal().out.line(line);
  return 0;
}

// Not process.exit: what is still being written to a pipe would be cut off.
void main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(
      `llm-spend: Unexpected: ${error instanceof Error ? error.message : String(error)}. Please report this.\n`,
    );
    process.exitCode = 1;
  },
);
