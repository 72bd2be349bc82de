import type { State } from './search.ts';

/**
 * The files of a ledger and the memory of its writers as bytes. Names and contents are reduced to what the protocol depends on:
 * which of our records (at most three) a version contains, and which inode each file is.
 */

/** The configuration of a run of the model. */
export interface Scenario {
  /** The task of each of our processes: record the record with its own number, remove record 0, or only adopt. */
  ours: readonly ('record' | 'remove' | 'adopt')[];
  /** How many times each foreign process saves. Each first loads the ledger, at some moment. */
  foreign: readonly number[];
  /** How many of our processes may crash, each at any step. */
  crashes: number;
  /** How many foreign processes may crash. */
  foreignCrashes: number;
  /** How many times another process presumes a living process of ours dead, and adopts its journal. */
  mistakes: number;
  /** Whether the check before the rename is made: without it, the token alone must suffice. */
  lastLook: boolean;
  /** Starts when the records have been acknowledged. */
  accepted: boolean;
  /** Whether a foreign writer really waits for the lock of the inode that it opened. */
  flock: boolean;
  /**
   * The rule of Windows: a rename cannot replace the ledger while a process has it open. Then nothing is kept open to identify
   * a version, and programs that only read take part.
   */
  windows: boolean;
  /** How many times the temporary file of a living foreign process is presumed abandoned and moved away. */
  fences: number;
  /** How many times a program that only reads opens the ledger. */
  reads: number;
}

/** Protocol errors, each of which the model must detect. */
export interface Mutants {
  /** Commit without removing the other tokens. */
  noRevocation?: boolean;
  /** Read the ledger before removing the other tokens. */
  readBeforeRevoke?: boolean;
  /** Settle by a check alone, without listing the writers in flight. */
  settleWithoutListing?: boolean;
  /** Settle by a listing made after the check. */
  lookThenList?: boolean;
  /** Settle by a check after the listing, without knowing that the version contained the records at the time of the listing. */
  listThenLook?: boolean;
  /** Settle although foreign writers are in flight. */
  ignoreForeign?: boolean;
  /** Settle a version written by another process although there are other tokens. */
  ignoreTokens?: boolean;
  /** Read a journal without renaming it, and unlink it later. */
  adoptWithoutRename?: boolean;
  /** Remove an adopted journal at once when its records are already pending here. */
  dismissKnown?: boolean;
  /** Acknowledge records that are written but not synced. */
  acknowledgeBeforeFsync?: boolean;
  /** Acknowledge without checking whether the journal was carried away. */
  noOwnershipCheck?: boolean;
  /** Drop the journal right after the rename. */
  dropBeforeSettle?: boolean;
  /** Rename a token that was not synced. */
  tokenNotSynced?: boolean;
  /** Do not sync the folder after the rename. */
  folderNotSynced?: boolean;
  /** Do not sync the folder before a record leaves the journal because another process committed it. */
  othersNotSynced?: boolean;
  /** Append pending records without checking for existing ones. */
  noMergeById?: boolean;
  /** Write the undo log after the rename. */
  logAfterRename?: boolean;
  /** Keep the version that was read open until the commit is over. */
  keepBasisOpen?: boolean;
  /** Keep the token open after it has become the ledger, until the records are settled. */
  keepWrittenOpen?: boolean;
  /** Keep a version found to contain the records open until they are settled. */
  keepFoundOpen?: boolean;
  /** Identify a version by its inode number alone, although the number may be reused. */
  numberOnly?: boolean;
}

/** Bits of an inode's byte: three records, whether each occurs twice, and the state of the bytes. */
export const PRESENT = 0b111;
export const TWICE_SHIFT = 3;
export const SYNCED = 1 << 6;
export const TORN = 1 << 7;

/** Offsets within the part of a process of ours. */
export const W = {
  pc: 0,
  /** The inode of its token's name; 0: the name does not exist. */
  token: 1,
  /** The inode of its token's descriptor. */
  held: 2,
  basis: 3,
  /** The descriptor of a version found to contain the records. */
  known: 4,
  /** Acknowledged but unsettled records. */
  pending: 5,
  /** Its current journal, a slot number from 1. */
  journal: 6,
  /** Slots of the journals that it has adopted and read. */
  adopted: 7,
  /** The slot being adopted, from 1. */
  adopting: 8,
  /** Names in the last listing: tokens by the number of their owner. */
  tokens: 9,
  foreign: 10,
  /** The inode that it has open while reading, if that matters. */
  open: 11,
  size: 12,
} as const;

/** Offsets within the part of a foreign process. */
export const F = { pc: 0, temporary: 1, opened: 2, history: 3, content: 4, left: 5, size: 6 } as const;

/** Offsets within a journal's slot. */
export const J = { status: 0, owner: 1, entries: 2, synced: 3, size: 4 } as const;

export const JOURNAL = { free: 0, own: 1, adopted: 2, gone: 3 } as const;

/** Offsets of the shared part. */
export const G = {
  ledger: 0,
  /** After a power cut the ledger may be a version with these records: one bit per set of records. */
  maybe: 1,
  maybeTorn: 2,
  acknowledged: 3,
  /** Whether the undo log contains the removal of record 0. */
  logged: 4,
  removalAcknowledged: 5,
  crashes: 6,
  foreignCrashes: 7,
  mistakes: 8,
  /** The inode that a read-only program has open. */
  reading: 9,
  reads: 10,
  fences: 11,
  size: 12,
} as const;

export interface Layout {
  writers: number;
  foreigners: number;
  slots: number;
  writer: (i: number) => number;
  foreigner: (i: number) => number;
  slot: (i: number) => number;
  /** Positions in a state that contain an inode. */
  references: readonly number[];
  /** Those that prevent an inode number from being reused if no process keeps a version open. */
  onDisk: readonly number[];
  /** The table of inodes: the byte of inode n, from 1, is at `inodes + n`. */
  inodes: number;
  length: number;
}

export function layoutOf(scenario: Scenario): Layout {
  const writers = scenario.ours.length;
  const foreigners = scenario.foreign.length;
  const slots = writers + scenario.mistakes;
  const firstForeigner = G.size + writers * W.size;
  const firstSlot = firstForeigner + foreigners * F.size;
  const inodes = firstSlot + slots * J.size;
  const references: number[] = [G.ledger, G.reading];
  const onDisk: number[] = [G.ledger, G.reading];
  for (let i = 0; i < writers; i++) {
    for (const field of [W.token, W.held, W.basis, W.known, W.open]) references.push(G.size + i * W.size + field);
    for (const field of [W.token, W.open]) onDisk.push(G.size + i * W.size + field);
  }
  for (let i = 0; i < foreigners; i++) {
    references.push(firstForeigner + i * F.size + F.opened);
    onDisk.push(firstForeigner + i * F.size + F.opened);
  }
  return {
    writers,
    foreigners,
    slots,
    writer: (i) => G.size + i * W.size,
    foreigner: (i) => firstForeigner + i * F.size,
    slot: (i) => firstSlot + i * J.size,
    references,
    onDisk,
    inodes,
    // Each of our processes refers to at most five inodes, a foreign one to one; plus the ledger, a reader, and a new one.
    length: inodes + 1 + writers * 5 + foreigners + 3,
  };
}

/** Returns a new inode, to be referred to before the state is canonicalised. `taken`: positions of the numbers in use. */
export function newInode(state: State, layout: Layout, content: number, taken = layout.references): number {
  let inode = 1;
  while (taken.some((at) => state[at] === inode)) inode++;
  state[layout.inodes + inode] = content;
  return inode;
}

/** Numbers the inodes in the order of their references, and drops unreferenced ones. */
export function canonicaliser(layout: Layout): (state: State) => State {
  const places = layout.references;
  const numbers = new Uint8Array(layout.length - layout.inodes);
  const contents = new Uint8Array(layout.length - layout.inodes);
  return (state) => {
    numbers.fill(0);
    contents.set(state.subarray(layout.inodes));
    state.fill(0, layout.inodes);
    let next = 1;
    for (const at of places) {
      const inode = state[at]!;
      if (inode === 0) continue;
      if (numbers[inode] === 0) {
        numbers[inode] = next;
        state[layout.inodes + next] = contents[inode]!;
        next++;
      }
      state[at] = numbers[inode]!;
    }
    return state;
  };
}
