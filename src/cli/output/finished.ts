import { EXIT } from './exit.ts';
import { say, type Terminal } from './terminal.ts';
import { t } from '../language/text.ts';

/** The exit code of a command that has finished. */
export async function finished(exitCode: number, terminal: Terminal): Promise<number> {
  if (terminal.out.failure !== undefined) {
    const { message } = terminal.out.failure;
    // A script that took the exit code for "nothing was changed" would record once more.
    const isDone = exitCode === EXIT.done || exitCode === EXIT.waiting;
    await say(
      terminal,
      isDone
        ? t`The output could not be written: ${message}. All else is done.`
        : t`The output could not be written: ${message}.`,
    );
  }
  // A reader that closes early, like `head`, has all it wanted; still, the output is incomplete.
  return terminal.out.closed && exitCode === EXIT.done ? EXIT.failed : exitCode;
}
