import { afterEach, beforeEach, expect } from 'vitest';
import type { LedgerFile, Reader } from './harness.ts';
import { llmSpend, temporaryFolder, toll } from './harness.ts';

/** The common beginning and end of the proofs of both stores. */

type Place = Pick<ReturnType<typeof temporaryFolder>, 'folder' | 'ledger'>;

/** A new folder for each test, in which `file` will be the ledger. */
export function placeOf(file: LedgerFile): Place {
  let now: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    now = temporaryFolder(file);
  });
  afterEach(() => now.dispose());
  return {
    get folder() {
      return now.folder;
    },
    get ledger() {
      return now.ledger;
    },
  };
}

/**
 * Checks that every acknowledged record is in the ledger's file once and that `verify` finds no problem.
 * @returns the number of records.
 */
export function expectAllThere(ledger: string, acknowledged: ReadonlySet<string>): number {
  // Records left in journals by killed processes are committed by the next commit of any process.
  expect(llmSpend(ledger, 'record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1').code).toBe(0);
  const { missing, twice, total } = toll(ledger, acknowledged);
  expect({ missing, twice }).toEqual({ missing: [], twice: [] });
  expect(llmSpend(ledger, 'verify').code).toBe(0);
  return total;
}

/** Checks that no reader found the ledger torn, or shorter than before. @returns the number of reads of both kinds. */
export async function expectWellRead(reader: Reader): Promise<string> {
  const { torn, shrunk, reads } = await reader.finish();
  expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
  return reads.join(' and ');
}
