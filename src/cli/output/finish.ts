import { plain } from '../../usage/text.ts';
import { failureJson, failureOf } from './failure.ts';
import { writeJsonLine } from './jsonOutput.ts';
import { say, type Terminal } from './terminal.ts';

/** Reports the failure of a command to its caller. */

/** Writes one line to stderr, and with `--json` one object to stdout. */
export async function report(error: unknown, argv: readonly string[], terminal: Terminal): Promise<number> {
  const failure = failureOf(error);
  // Parsing the arguments may be what failed, so they are searched by hand.
  const end = argv.indexOf('--');
  const json = (end === -1 ? argv : argv.slice(0, end)).includes('--json');
  if (json) await writeJsonLine(terminal.out, failureJson({ ...failure, message: plain(failure.message) }));
  await say(terminal, failure.message);
  return failure.exitCode;
}
