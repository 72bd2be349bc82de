import type { State } from './search.ts';

/**
 * The files of a ledger and the memories of its writers as bytes. Names and contents are reduced to what the protocol
 * looks at: which of our records (at most three) a version holds, and which file is which inode.
 */

/** What a run of the model consists of. */
export interface Scenario {
  /** What each of our processes does: record the record with its own number, take record 0 out, or only adopt. */
  ours: readonly ('record' | 'remove' | 'adopt')[];
  /** How many times each foreign process saves. Each loads the ledger first, at a moment of its own. */
  foreign: readonly number[];
  /** How many processes of ours may crash, each at any of its steps. */
  crashes: number;
  /** How many foreign processes may crash. */
  foreignCrashes: number;
  /** How many times a living process of ours is taken for dead by another, which then adopts its journal. */
  mistakes: number;
  /** Whether the last look before the rename is made: the token alone must do. */
  lastLook: boolean;
  /** Begin when the records are acknowledged already. */
  accepted: boolean;
  /** Whether a foreign writer really waits for the lock of the inode that it opened. */
  flock: boolean;
  /**
   * The rule of Windows: no rename replaces the ledger while a process has it open. Then nothing is kept open to recognise
   * a version, and programs that only read are part of the run.
   */
  windows: boolean;
  /** How many times the temporary file of a living foreign process is taken for abandoned, and moved out of the way. */
  fences: number;
  /** How many times a program that only reads opens the ledger. */
  reads: number;
}

/** Ways to get the protocol wrong, each of which the model must find. */
export interface Mutants {
  /** Commit without removing the other tokens. */
  noRevocation?: boolean;
  /** Read the ledger before removing the other tokens. */
  readBeforeRevoke?: boolean;
  /** Settle by a look alone, without listing who is in flight. */
  settleWithoutListing?: boolean;
  /** Settle by a list that was made after the look. */
  lookThenList?: boolean;
  /** Settle by a look after the list, without knowing that it held the records at the time of the list. */
  listThenLook?: boolean;
  /** Settle although foreign writers are in flight. */
  ignoreForeign?: boolean;
  /** Settle what another put in place although other tokens are about. */
  ignoreTokens?: boolean;
  /** Read a journal where it lies, and unlink it later. */
  adoptWithoutRename?: boolean;
  /** Let an adopted journal go at once when its records wait here already. */
  dismissKnown?: boolean;
  /** Acknowledge what is written, before it is synced. */
  acknowledgeBeforeFsync?: boolean;
  /** Acknowledge without asking whether the journal was carried away. */
  noOwnershipCheck?: boolean;
  /** Drop the journal right after the rename. */
  dropBeforeSettle?: boolean;
  /** Rename a token that was not synced. */
  tokenNotSynced?: boolean;
  /** Do not sync the folder after the rename. */
  folderNotSynced?: boolean;
  /** Do not sync the folder before a record leaves the journal because another put it in place. */
  othersNotSynced?: boolean;
  /** Append what waits without asking what is there. */
  noMergeById?: boolean;
  /** Write the undo log after the rename. */
  logAfterRename?: boolean;
  /** Keep the version that was read open until the commit is over. */
  keepBasisOpen?: boolean;
  /** Keep the token open when it has become the ledger, until the records are settled. */
  keepWrittenOpen?: boolean;
  /** Keep a version that was found to hold the records open until they are settled. */
  keepFoundOpen?: boolean;
  /** Tell a version by the number of its inode alone, although nothing keeps that number from being given out again. */
  numberOnly?: boolean;
}

/** Bits of an inode's byte: three records, whether each stands there twice, and the state of the bytes. */
export const PRESENT = 0b111;
export const TWICE_SHIFT = 3;
export const SYNCED = 1 << 6;
export const TORN = 1 << 7;

/** Offsets within the part of a process of ours. */
export const W = {
  pc: 0,
  /** The inode that its token's name stands for; 0: there is no such name. */
  token: 1,
  /** The inode of its token, by descriptor. */
  held: 2,
  basis: 3,
  /** A version found to hold what it should, by descriptor. */
  known: 4,
  /** Records acknowledged and not settled. */
  pending: 5,
  /** Its current journal, a slot counted from 1. */
  journal: 6,
  /** Slots of the journals that it adopted and read. */
  adopted: 7,
  /** The slot being adopted, from 1. */
  adopting: 8,
  /** Names of the last list: tokens by the number of their owner. */
  tokens: 9,
  foreign: 10,
  /** The inode that it has open while it reads, where that matters. */
  open: 11,
  size: 12,
} as const;

/** Offsets within the part of a foreign process. */
export const F = { pc: 0, temporary: 1, opened: 2, history: 3, content: 4, left: 5, size: 6 } as const;

/** Offsets within a journal's slot. */
export const J = { status: 0, owner: 1, entries: 2, synced: 3, size: 4 } as const;

export const JOURNAL = { free: 0, own: 1, adopted: 2, gone: 3 } as const;

/** Offsets of what all share. */
export const G = {
  ledger: 0,
  /** After a power cut the ledger's name may stand for a version with these records: a bit for each set of records. */
  maybe: 1,
  maybeTorn: 2,
  acknowledged: 3,
  /** Whether the undo log says that record 0 was removed. */
  logged: 4,
  removalAcknowledged: 5,
  crashes: 6,
  foreignCrashes: 7,
  mistakes: 8,
  /** The inode that a program which only reads has open. */
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
  /** Where a state names an inode. */
  references: readonly number[];
  /** Those that keep an inode's number from being given out again where no process keeps a version open. */
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
    // Each process of ours names five inodes at most, a foreign one a single one; then the ledger, a reader, a new one.
    length: inodes + 1 + writers * 5 + foreigners + 3,
  };
}

/** Gives a new inode, to be referred to before the state is made canonical. `taken`: where the numbers in use are named. */
export function newInode(state: State, layout: Layout, content: number, taken = layout.references): number {
  let inode = 1;
  while (taken.some((at) => state[at] === inode)) inode++;
  state[layout.inodes + inode] = content;
  return inode;
}

/** Numbers the inodes in the order in which they are referred to, and forgets those that nobody refers to. */
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
