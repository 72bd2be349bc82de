import { plain } from '../usage/text.ts';
import { EXIT } from './exit.ts';
import { failureJson, failureOf } from './failure.ts';
import { say, type Terminal } from './terminal.ts';

/** The end of every command: what its caller is told by the exit code, and what went wrong. */

/** The exit code of a command that came to its end. */
export async function finished(exitCode: number, terminal: Terminal): Promise<number> {
  if (terminal.out.failure !== undefined) {
    await say(terminal, `The output could not be written: ${terminal.out.failure.message}.`);
  }
  // Whoever reads only the beginning, as `head` does, has what it wanted; still, not everything was said.
  return terminal.out.closed && exitCode === EXIT.done ? EXIT.failed : exitCode;
}

/** One line on stderr, and for programs one object on stdout. */
export async function report(error: unknown, argv: readonly string[], terminal: Terminal): Promise<number> {
  const failure = failureOf(error);
  // The arguments may be what failed, so they are looked through by hand.
  const end = argv.indexOf('--');
  const json = (end === -1 ? argv : argv.slice(0, end)).includes('--json');
  if (json) await terminal.out.line(JSON.stringify(failureJson({ ...failure, message: plain(failure.message) })));
  await say(terminal, failure.message);
  return failure.exitCode;
}
