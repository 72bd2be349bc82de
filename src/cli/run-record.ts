import { record, type RecordFlags } from './commands/record.ts';
import { report } from './finish.ts';
import { finished } from './finished.ts';
import { openTerminal } from './terminal.ts';

/** A plain `record` and nothing else: a bundle of its own (dist/record.js), small enough for scripts to call it freely. */
export async function runRecord(argv: readonly string[], flags: RecordFlags): Promise<number> {
  const terminal = openTerminal();
  try {
    return await finished(await record(flags, terminal), terminal);
  } catch (error) {
    return report(error, argv, terminal);
  }
}
