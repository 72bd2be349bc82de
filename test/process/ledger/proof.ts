import { afterEach, beforeEach, expect } from 'vitest';
import type { LedgerFile, Reader } from './harness.ts';
import { llmSpend, temporaryFolder, toll } from './harness.ts';

/** What the proofs of both stores begin and end with. */

type Place = Pick<ReturnType<typeof temporaryFolder>, 'folder' | 'ledger'>;

/** A new folder for each test, where `file` is to be the ledger. */
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

/** Everything acknowledged is in the ledger's file once, and `verify` finds nothing wrong. The number of records. */
export function expectAllThere(ledger: string, acknowledged: ReadonlySet<string>): number {
  // What the last victims left in their journals comes in with the next commit of anybody.
  expect(llmSpend(ledger, 'record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1').code).toBe(0);
  const { missing, twice, total } = toll(ledger, acknowledged);
  expect({ missing, twice }).toEqual({ missing: [], twice: [] });
  expect(llmSpend(ledger, 'verify').code).toBe(0);
  return total;
}

/** Nobody who read meanwhile found the ledger torn, or shorter than before. How often it was read, both ways. */
export async function expectWellRead(reader: Reader): Promise<string> {
  const { torn, shrunk, reads } = await reader.finish();
  expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
  return reads.join(' and ');
}
