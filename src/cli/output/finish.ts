import { jsonText } from '../../usage/jsonText.ts';
import { plain } from '../../usage/text.ts';
import { failureJson, failureOf } from './failure.ts';
import { say, type Terminal } from './terminal.ts';

/** What went wrong with a command, for its caller. */

/** One line on stderr, and for programs one object on stdout. */
export async function report(error: unknown, argv: readonly string[], terminal: Terminal): Promise<number> {
  const failure = failureOf(error);
  // The arguments may be what failed, so they are looked through by hand.
  const end = argv.indexOf('--');
  const json = (end === -1 ? argv : argv.slice(0, end)).includes('--json');
  if (json) await terminal.out.line(jsonText(failureJson({ ...failure, message: plain(failure.message) })));
  await say(terminal, failure.message);
  return failure.exitCode;
}
