import { blockingDisk } from '../system/nodeDisk.ts';
import { JsonStore } from '../ledger/json/store.ts';
import { Ledger } from '../ledger/ledger.ts';
import { assignByUserRules } from '../rules/ruleFile.ts';
import { resolveLedgerPath, storeKind } from '../system/paths.ts';
import { oneShot } from './arguments/oneShot.ts';
import type { Opener } from './arguments/oneLedger.ts';
import { recordOne } from './commands/recordOne.ts';
import { report } from './output/finish.ts';
import { finished } from './output/finished.ts';
import { openTerminal } from './output/terminal.ts';

const open: Opener = ({ ledger, folder, ...options }) =>
  new Ledger(new JsonStore({ path: ledger, disk: blockingDisk, oneShot: true }), {
    ...options,
    disk: blockingDisk,
    assign: assignByUserRules(folder),
  });

/**
 * Runs a plain `record` into a JSON ledger: the bundle dist/record.js, small enough to be started often by scripts. Resolves
 * with undefined if the arguments need the bundle of all commands.
 */
export async function runRecord(argv: readonly string[]): Promise<number | undefined> {
  const flags = oneShot(argv);
  if (flags === undefined || !isJsonLedger(flags.ledger)) return undefined;
  const terminal = openTerminal();
  try {
    return await finished(await recordOne(flags, terminal, open), terminal);
  } catch (error) {
    return report(error, argv, terminal);
  }
}

/** Whether the arguments select a JSON ledger. If the path cannot be determined, the command reports that. */
function isJsonLedger(flag: string | undefined): boolean {
  try {
    return storeKind(resolveLedgerPath({ flag })) === 'json';
  } catch {
    return false;
  }
}
