import { oneShot } from './one-shot.ts';

/**
 * The `llm-spend` command: arguments in, text or JSON and an exit code out.
 *
 * Scripts call `record` once for each LLM call, so a plain one pays for nothing but itself: it and all commands together
 * are two bundles, of which one is loaded.
 */
async function main(argv: readonly string[]): Promise<number> {
  const flags = oneShot(argv);
  if (flags === undefined) {
    const { runAny } = await import('./run-any.ts');
    return runAny(argv);
  }
  const { runRecord } = await import('./run-record.ts');
  return runRecord(argv, flags);
}

// Not process.exit: what is still being written to a pipe would be cut off.
void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
