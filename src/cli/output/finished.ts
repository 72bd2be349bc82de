import { EXIT } from './exit.ts';
import { say, type Terminal } from './terminal.ts';
import { t } from '../language/text.ts';

/** The exit code of a command that has finished. */
export async function finished(exitCode: number, terminal: Terminal): Promise<number> {
  if (terminal.out.failure !== undefined) {
    await say(terminal, t`The output could not be written: ${terminal.out.failure.message}.`);
  }
  // A reader that closes early, like `head`, has all it wanted; still, the output is incomplete.
  return terminal.out.closed && exitCode === EXIT.done ? EXIT.failed : exitCode;
}
