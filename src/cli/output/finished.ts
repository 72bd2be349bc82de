import { EXIT } from './exit.ts';
import { say, type Terminal } from './terminal.ts';

/** The exit code of a command that came to its end. */
export async function finished(exitCode: number, terminal: Terminal): Promise<number> {
  if (terminal.out.failure !== undefined) {
    await say(terminal, `The output could not be written: ${terminal.out.failure.message}.`);
  }
  // Whoever reads only the beginning, as `head` does, has what it wanted; still, not everything was said.
  return terminal.out.closed && exitCode === EXIT.done ? EXIT.failed : exitCode;
}
