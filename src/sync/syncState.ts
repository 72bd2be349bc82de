import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Ledger } from '../ledger/ledger.ts';
import { writeFileAtomically } from '../system/atomicFile.ts';
import { nodeDisk } from '../system/nodeDisk.ts';
import { syncStatePath } from './teamPaths.ts';

/** The last synchronisation: `team-state.json` in the state folder. Losing it costs a comparison, and no record. */
export interface SyncState {
  /** The team that it is about. */
  url: string;
  /** The id of this machine in the team's ledger, so that it finds what it sent when it leaves and joins again. */
  sender: string | undefined;
  /** When the team's ledger was last in step, ISO 8601. */
  inStepAt: string | undefined;
  /** The contents of the ledgers, and what was sent of them then. undefined: unknown. */
  version: SyncVersion | undefined;
  /** When all records were last compared with the server's, ISO 8601. */
  comparedAt: string | undefined;
  /** Number of records of this machine then. */
  records: number;
  refused: { usageId: string; reason: string }[];
  /** Why the last attempt failed. */
  problem: string | undefined;
}

export interface SyncVersion {
  /** The user's choices for sending. */
  choice: string;
  /** The name and the cursor of each ledger, in the order in which they count. */
  ledgers: [name: string, cursor: string][];
}

export function readSyncState(url: string, path: string = syncStatePath()): SyncState {
  const nothing: SyncState = {
    url,
    sender: undefined,
    inStepAt: undefined,
    version: undefined,
    comparedAt: undefined,
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

/** Identifies the contents that the last look at each ledger found, and the user's choices for sending them. */
export function syncVersionOf(
  ledgers: readonly Ledger[],
  membership: { joinedAt: string; ledger?: string },
): SyncVersion {
  const choice = JSON.stringify({ ...membership, joinedAt: undefined, ledger: undefined });
  return { choice, ledgers: ledgers.map(({ ledger, cursor }) => [ledger, cursor]) };
}

export function isSameVersion(a: SyncVersion | undefined, b: SyncVersion): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
