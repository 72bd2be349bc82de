import type { Ledger } from '../../ledger/ledger.ts';

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
