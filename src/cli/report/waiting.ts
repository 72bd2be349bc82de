import type { Ledger } from '../../ledger/ledger.ts';

/** A commit takes some ms; beside other writers, or where another program has the file open, it may take a second or two. */
const PATIENCE_MS = 2_000;

/**
 * Waits for the records that a ledger accepted to get into its file.
 * @returns why they cannot; undefined when they are there, or only wait for other writers.
 */
export async function whyWaiting(ledger: Ledger): Promise<string | undefined> {
  if (await ledger.flush(PATIENCE_MS)) return undefined;
  const { problems } = await ledger.refresh();
  return problems.find(({ code }) => code === 'not-committed')?.message;
}
