import { CommanderError } from 'commander';
import { version } from '../../package.json';
import { plain } from '../usage/text.ts';
import { EXIT } from './exit.ts';
import { failureJson, failureOf } from './failure.ts';
import { buildProgram, commanderFailure, type Outcome } from './program.ts';
import { openTerminal, say, type Terminal } from './terminal.ts';

/** The `llm-spend` command: arguments in, text or JSON and an exit code out. */
async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
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
  if (terminal.out.failure !== undefined) {
    await say(terminal, `The output could not be written: ${terminal.out.failure.message}.`);
  }
  // Whoever reads only the beginning, as `head` does, has what it wanted; still, not everything was said.
  return terminal.out.closed && outcome.exitCode === EXIT.done ? EXIT.failed : outcome.exitCode;
}

/** One line on stderr, and for programs one object on stdout. */
async function report(error: unknown, argv: readonly string[], terminal: Terminal): Promise<number> {
  const failure = failureOf(error);
  // The arguments may be what failed, so they are looked through by hand.
  const end = argv.indexOf('--');
  const json = (end === -1 ? argv : argv.slice(0, end)).includes('--json');
  if (json) await terminal.out.line(JSON.stringify(failureJson({ ...failure, message: plain(failure.message) })));
  await say(terminal, failure.message);
  return failure.exitCode;
}

// Not process.exit: what is still being written to a pipe would be cut off.
void main(process.argv.slice(2), openTerminal()).then((exitCode) => {
  process.exitCode = exitCode;
});
