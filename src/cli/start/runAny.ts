import { CommanderError } from 'commander';
import { version } from '../../../package.json';
import { EXIT } from '../output/exit.ts';
import { report } from '../output/finish.ts';
import { finished } from '../output/finished.ts';
import { buildProgram, commanderFailure, type Outcome } from '../program.ts';
import { openTerminal } from '../output/terminal.ts';

/** What dist/import.js takes from here when it needs it (`scripts/build.mjs`). */
export { openLedger } from '../../library/index.ts';
export { sourceOfFile } from '../../sources/reading/files.ts';
export { selection } from '../arguments/filters.ts';
export { report } from '../output/finish.ts';

/** Every command, by commander. A bundle of its own (dist/commands.js), which a one-shot `record` does not load. */
export async function runAny(argv: readonly string[], input?: string): Promise<number> {
  const terminal = { ...openTerminal(), input };
  const outcome: Outcome = { exitCode: EXIT.done, help: '', usage: '' };
  try {
    await buildProgram(version, terminal, outcome, argv[0]).parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error, argv, terminal);
    await terminal.out.write(outcome.help);
    if (error.exitCode === 0) return EXIT.done;
    if (error.code !== 'commander.help') return report(commanderFailure(error), argv, terminal);
    await terminal.err.write(outcome.usage);
    return EXIT.usage;
  }
  return finished(outcome.exitCode, terminal);
}
