import { forgetTeamSums } from '../budgets/teamSums.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TeamLedger } from '../ledger/postgres/index.ts';
import { LedgerError, type StoredElement } from '../ledger/results.ts';
import { countedLedgers, type LedgerChoice } from '../library/countedLedgers.ts';
import { CostTracker } from '../library/costTracker.ts';
import { isLedgerUrl } from '../system/paths.ts';
import type { UsageRecord } from '../usage/record.ts';
import { dropMembership, readMembership, type Membership } from './membership.ts';
import { outgoingRecord } from './outgoing.ts';
import { countedRecords, syncAdded, syncAll, withdrawAll, type PassProgress, type PassResult } from './pass.ts';
import { whileAlone } from './syncLock.ts';
import {
  isSameVersion,
  readSyncState,
  saveSyncState,
  syncVersionOf,
  type SyncState,
  type SyncVersion,
} from './syncState.ts';

/** This machine's part in a team: its local ledgers are the truth, and the team's ledger follows them. */

export interface SyncOptions {
  membership: Membership;
  /** The local ledgers that count. */
  ledgers: LedgerChoice;
  /** Whether to compare even if nothing seems to have changed. */
  full?: boolean;
  /** Whether the membership is new, or changed, and not saved yet. */
  joining?: boolean;
  now?: () => number;
  onProgress?: (progress: PassProgress) => void;
  /** Called before a comparison that takes seconds of computing. */
  onLongWork?: (() => void) | undefined;
  /** Called once everything was sent, while no other process can sync. */
  onSent?: (() => Promise<void>) | undefined;
}

export interface SyncResult extends PassResult {
  /** Whether nothing had changed since the last time. */
  unchanged: boolean;
  inStepAt: string;
}

/** Opens the local ledgers that count, for reading. Ledgers on a server are not this machine's. */
export async function withLocalLedgers<T>(choice: LedgerChoice, use: (ledgers: Ledger[]) => Promise<T>): Promise<T> {
  const names = countedLedgers({ ...choice, existing: true }).filter((name) => !isLedgerUrl(name));
  const ledgers = names.map((ledger) => new CostTracker({ ledger, pricing: false }));
  try {
    await Promise.all(ledgers.map((ledger) => ledger.refresh()));
    return await use(ledgers);
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
  }
}

/** Sends what the team's ledger lacks, and withdraws what this machine no longer has. Waits for another process that does. */
export function syncNow(options: SyncOptions): Promise<SyncResult> {
  const { membership, ledgers, joining } = options;
  return whileAlone(async () => {
    // Another process may have left in the meantime, and withdrawn everything.
    if (joining !== true && readMembership()?.sender !== membership.sender) {
      throw new LedgerError('unsupported', `This machine has left the team of ${membership.url}.`);
    }
    const result = await withLocalLedgers(ledgers, (open) => syncOpened(open, options));
    await options.onSent?.();
    return result;
  });
}

/** All records are compared at least this often, in case that a ledger or the server was replaced by an older copy. */
const COMPARE_MS = 24 * 60 * 60_000;

/** Comparing so many records takes half a second. */
const LONG_RECORDS = 20_000;

async function syncOpened(open: readonly Ledger[], options: SyncOptions): Promise<SyncResult> {
  const { membership, joining, now = Date.now, onProgress, onLongWork } = options;
  const { url, sender } = membership;
  // The server's rows may be those of an earlier membership, or were removed when it ended.
  const full = options.full === true || joining === true;
  const before = readSyncState(url);
  const version = syncVersionOf(open, membership);
  const isRecent = now() - Date.parse(before.comparedAt ?? '') < COMPARE_MS;
  if (!full && isRecent && isSameVersion(before.version, version) && before.inStepAt !== undefined) {
    const { records, refused, inStepAt } = before;
    return { records, refused, inStepAt, sent: 0, withdrawn: 0, unchanged: true };
  }
  const added = full || !isRecent ? undefined : addedSince(before.version, version, open);
  if (!added && open.reduce((sum, { state }) => sum + state.records, 0) > LONG_RECORDS) onLongWork?.();
  const team = new TeamLedger(url, sender, now);
  try {
    const result = added
      ? afterAll(before, await syncAdded(open, added, team, membership))
      : await syncAll(open, team, membership, onProgress);
    const inStepAt = new Date(now()).toISOString();
    const comparedAt = added ? before.comparedAt : inStepAt;
    const { records, refused } = result;
    // Changes during the comparison are found the next time, because the version is from before.
    await saveSyncState({ url, sender, inStepAt, version, comparedAt, records, refused, problem: undefined });
    return { ...result, unchanged: false, inStepAt };
  } catch (error) {
    await saveSyncState({ ...before, problem: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    await team.close();
  }
}

/** The records that each ledger got since; undefined when anything else may have changed. */
function addedSince(
  before: SyncVersion | undefined,
  { choice, ledgers }: SyncVersion,
  open: readonly Ledger[],
): AsyncIterable<readonly StoredElement[]>[] | undefined {
  if (before?.choice !== choice || before.ledgers.length !== ledgers.length) return undefined;
  const added: AsyncIterable<readonly StoredElement[]>[] = [];
  for (const [i, ledger] of open.entries()) {
    const [name, cursor] = before.ledgers[i]!;
    if (name !== ledger.ledger) return undefined;
    const since = cursor === ledger.cursor ? NOTHING : ledger.storedSince(cursor);
    if (since === undefined) return undefined;
    added.push(since);
  }
  return added;
}

const NOTHING: AsyncIterable<readonly StoredElement[]> = {
  async *[Symbol.asyncIterator]() {
    // Yields nothing.
  },
};

function afterAll(before: SyncState, { records, refused, ...counts }: PassResult): PassResult {
  return { ...counts, records: before.records + records, refused: [...before.refused, ...refused] };
}

export interface SyncStatus extends SyncState {
  /** Whether something changed since the ledgers were in step. */
  waits: boolean;
  /** Number of records added since then, as far as counting shows. */
  added: number;
}

/** Describes what waits, without asking the server. */
export function syncStatus(membership: Membership, choice: LedgerChoice): Promise<SyncStatus> {
  return withLocalLedgers(choice, async (open) => {
    const state = readSyncState(membership.url);
    const records = open.reduce((sum, each) => sum + each.state.records, 0);
    const waits = !isSameVersion(state.version, syncVersionOf(open, membership));
    return { ...state, waits, added: waits ? Math.max(0, records - state.records) : 0 };
  });
}

/** The records that would leave this machine, exactly as they would. */
export async function* previewRecords(membership: Membership, ledgers: readonly Ledger[]): AsyncGenerator<UsageRecord> {
  for await (const records of countedRecords(ledgers)) {
    for (const record of records) yield outgoingRecord(record, membership);
  }
}

/** Ends the membership. @param forget whether to remove everything that this machine sent. @returns how many records that was. */
export function leaveTeam(membership: Membership, forget: boolean): Promise<number> {
  return whileAlone(async () => {
    let withdrawn = 0;
    if (forget) {
      const team = new TeamLedger(membership.url, membership.sender);
      try {
        withdrawn = await withdrawAll(team);
      } finally {
        await team.close();
      }
    }
    await dropMembership();
    await forgetTeamSums();
    return withdrawn;
  });
}
