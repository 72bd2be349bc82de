import { blockingDisk } from '../../system/disk.ts';
import { JsonLedger } from '../../ledger/json/jsonLedger.ts';
import { record, type RecordFlags } from '../commands/record.ts';
import { report } from '../output/finish.ts';
import { finished } from '../output/finished.ts';
import type { Opener } from '../ledger/oneLedger.ts';
import { openTerminal } from '../output/terminal.ts';

const open: Opener = (options) => new JsonLedger({ ...options, disk: blockingDisk, oneShot: true });

/** A plain `record` into a JSON ledger: a bundle of its own (dist/record.js), small enough for scripts to call it freely. */
export async function runRecord(argv: readonly string[], flags: RecordFlags): Promise<number> {
  const terminal = openTerminal();
  try {
    return await finished(await record(flags, terminal, open), terminal);
  } catch (error) {
    return report(error, argv, terminal);
  }
}
