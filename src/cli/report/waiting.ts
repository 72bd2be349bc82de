import { existsSync, realpathSync } from 'node:fs';
import type { Ledger } from '../../ledger/ledger.ts';
import { incompleteName } from '../../system/sideFiles.ts';

/** A commit takes a few ms; with other writers, or a program that has the file open, it may take a second or two. */
const PATIENCE_MS = 2_000;

/**
 * Waits until the records that a ledger accepted are in its file.
 * @returns why they cannot be written; undefined when they have been, or only wait for other writers.
 */
export async function whyWaiting(ledger: Ledger): Promise<string | undefined> {
  if (await ledger.flush(PATIENCE_MS)) return undefined;
  const { problems } = await ledger.refresh();
  return problems.find(({ code }) => code === 'not-committed')?.message;
}

/**
 * The warning that a recovery may not have found every record of a ledger, by this command or an earlier one; undefined
 * when there is none. Costs one look at a file name in that case.
 */
export async function whyIncomplete(ledger: Ledger): Promise<string | undefined> {
  try {
    if (!existsSync(incompleteName(realpathSync(ledger.ledger)))) return undefined;
  } catch {
    // The ledger is not in its place yet, so nothing was recovered.
    return undefined;
  }
  const { problems } = await ledger.refresh();
  return problems.find(({ code }) => code === 'incomplete')?.message;
}
