import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LedgerState } from '../ledger/results.ts';
import { writeFileAtomically } from '../system/atomicFile.ts';
import { nodeDisk } from '../system/nodeDisk.ts';
import { syncStatePath } from './teamPaths.ts';

/** The last synchronisation: `team-state.json` in the state folder. Losing it costs a comparison, and no record. */
export interface SyncState {
  /** The team that it is about. */
  url: string;
  /** When the team's ledger was last in step, ISO 8601. */
  inStepAt: string | undefined;
  /** The version of the ledgers and of the choice of fields then: see {@link versionOfLedgers}. */
  version: string | undefined;
  /** Number of records of this machine then. */
  records: number;
  refused: { usageId: string; reason: string }[];
  /** Why the last attempt failed. */
  problem: string | undefined;
}

export function readSyncState(url: string, path: string = syncStatePath()): SyncState {
  const nothing: SyncState = {
    url,
    inStepAt: undefined,
    version: undefined,
    records: 0,
    refused: [],
    problem: undefined,
  };
  try {
    const read = JSON.parse(readFileSync(path, 'utf8')) as SyncState;
    return read.url === url ? { ...nothing, ...read } : nothing;
  } catch {
    // Without the file everything is compared.
    return nothing;
  }
}

/** Never rejects: without the file the next synchronisation compares everything. */
export async function saveSyncState(state: SyncState, path: string = syncStatePath()): Promise<void> {
  try {
    await nodeDisk.mkdir(dirname(path));
    await writeFileAtomically(path, JSON.stringify(state), { durable: false });
  } catch {
    // See above.
  }
}

/** Identifies the content of ledgers by what their last look found. */
export function versionOfLedgers(ledgers: readonly { ledger: string; state: LedgerState }[], choice: unknown): string {
  const files = ledgers.map(({ ledger, state: { records, bytes, modifiedAt, unreadable } }) => {
    return [ledger, records, bytes, modifiedAt ?? 0, unreadable];
  });
  return JSON.stringify([choice, files]);
}
