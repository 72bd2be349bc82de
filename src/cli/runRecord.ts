import { blockingDisk } from '../system/disk.ts';
import { JsonStore } from '../ledger/json/store.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { RecordFlags } from './arguments/recordFlags.ts';
import type { Opener } from './arguments/oneLedger.ts';
import { recordOne } from './commands/recordOne.ts';
import { report } from './output/finish.ts';
import { finished } from './output/finished.ts';
import { openTerminal } from './output/terminal.ts';

const open: Opener = ({ ledger, ...options }) =>
  new Ledger(new JsonStore({ path: ledger, disk: blockingDisk, oneShot: true }), { ...options, disk: blockingDisk });

/** Runs a plain `record` into a JSON ledger: the bundle dist/record.js, small enough to be started often by scripts. */
export async function runRecord(argv: readonly string[], flags: RecordFlags): Promise<number> {
  const terminal = openTerminal();
  try {
    return await finished(await recordOne(flags, terminal, open), terminal);
  } catch (error) {
    return report(error, argv, terminal);
  }
}
