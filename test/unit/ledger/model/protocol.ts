import type { State, System } from './search.ts';
import type { Layout, Mutants, Scenario } from './state.ts';
import { F, G, J, JOURNAL, PRESENT, SYNCED, TORN, TWICE_SHIFT, W, canonicaliser, layoutOf, newInode } from './state.ts';

/**
 * The commit protocol of `docs/ledger-protocol.md`, with the steps of the code: one step is one file access that other
 * processes can observe. The model has no lock, because safety must not depend on one.
 */

const PC = {
  idle: 0,
  create: 1,
  append: 2,
  fsync: 3,
  acknowledge: 4,
  adopt: 5,
  readJournal: 6,
  dismiss: 7,
  token: 8,
  list: 9,
  revoke: 10,
  read: 11,
  log: 12,
  look: 13,
  rename: 14,
  syncFolder: 15,
  settleList: 16,
  settleLook: 17,
  wait: 18,
  syncOthers: 19,
  drop: 20,
  done: 21,
  dead: 22,
  readBasis: 23,
  readFound: 24,
} as const;

/** Program counters at which a process has the ledger open, but only while it reads. */
const READING: readonly number[] = [PC.readBasis, PC.readFound];

/** The name of each program counter of our processes. */
const STEP = Object.fromEntries(Object.entries(PC).map(([name, pc]) => [pc, name]));

const FOREIGN = { load: 0, makeTemporary: 1, open: 2, read: 3, replace: 4, done: 5, dead: 6 } as const;
const FOREIGN_STEP = Object.fromEntries(Object.entries(FOREIGN).map(([name, pc]) => [pc, name]));

/** Record 0, which a remover removes. */
const REMOVED = 1;

export function protocol(scenario: Scenario, mutants: Mutants = {}): System {
  const layout = layoutOf(scenario);
  const canonical = canonicaliser(layout);
  const model = new Model(scenario, mutants, layout);
  return {
    initial: canonical(model.initial()),
    successors(state, visit) {
      const fork = (step: string, change: (next: State) => void): void => {
        const next = state.slice();
        change(next);
        visit(canonical(next), step);
      };
      for (let i = 0; i < layout.writers; i++) model.ours(state, i, fork);
      for (let i = 0; i < layout.foreigners; i++) model.foreign(state, i, fork);
      model.reader(state, fork);
    },
    violation: (state) => model.violation(state),
  };
}

type Fork = (step: string, change: (next: State) => void) => void;

class Model {
  readonly #scenario: Scenario;
  readonly #mutants: Mutants;
  readonly #layout: Layout;

  constructor(scenario: Scenario, mutants: Mutants, layout: Layout) {
    this.#scenario = scenario;
    this.#mutants = mutants;
    this.#layout = layout;
  }

  initial(): State {
    const { crashes, foreignCrashes, mistakes, foreign } = this.#scenario;
    const state = new Uint8Array(this.#layout.length);
    state[G.ledger] = newInode(state, this.#layout, SYNCED);
    state[G.maybe] = 1;
    state[G.crashes] = crashes;
    state[G.foreignCrashes] = foreignCrashes;
    state[G.mistakes] = mistakes;
    state[G.reads] = this.#scenario.reads;
    state[G.fences] = this.#scenario.fences;
    if (this.#scenario.accepted) {
      for (const [i, task] of this.#scenario.ours.entries()) if (task === 'record') this.#accepted(state, i);
    }
    for (const [i, saves] of foreign.entries()) state[this.#layout.foreigner(i) + F.left] = saves;
    return state;
  }

  #accepted(state: State, i: number): void {
    const at = this.#layout.writer(i);
    this.#createJournal(state, i, at);
    const slot = this.#layout.slot(state[at + W.journal]! - 1);
    state[slot + J.entries] = 1 << i;
    state[slot + J.synced] = 1 << i;
    state[G.acknowledged]! |= 1 << i;
    state[at + W.pending] = 1 << i;
    state[at + W.pc] = PC.adopt;
  }

  /** The violation of the promise in this state, or after a crash or power cut at this moment; undefined if there is none. */
  violation(state: State): string | undefined {
    const ledger = this.#content(state, state[G.ledger]!);
    if (ledger & TORN) return 'the ledger is torn';
    if ((ledger >> TWICE_SHIFT) & PRESENT) return 'a record stands in the ledger twice';
    const safe = state[G.logged] ? REMOVED : 0;
    let written = safe;
    let synced = safe;
    for (let i = 0; i < this.#layout.slots; i++) {
      const at = this.#layout.slot(i);
      if (state[at + J.status] !== JOURNAL.own && state[at + J.status] !== JOURNAL.adopted) continue;
      written |= state[at + J.entries]!;
      synced |= state[at + J.entries]! & state[at + J.synced]!;
    }
    const acknowledged = state[G.acknowledged]!;
    if (acknowledged & ~(ledger | written)) return 'an acknowledged record is lost';
    if (state[G.maybeTorn]) return 'a power cut may tear the ledger';
    for (let held = 0; held <= PRESENT; held++) {
      if (state[G.maybe]! & (1 << held) && acknowledged & ~(held | synced)) {
        return 'a power cut may lose an acknowledged record';
      }
    }
    if (state[G.removalAcknowledged] && this.#layout.foreigners === 0 && ledger & REMOVED) {
      return 'a removed record is back';
    }
    return this.#isBlocked(state) ? 'a commit can never succeed' : undefined;
  }

  /** Whether a process about to rename waits for one that will not close the ledger by itself, possibly itself. */
  #isBlocked(state: State): boolean {
    const { windows } = this.#scenario;
    if (!windows) return false;
    const ours = Array.from({ length: this.#layout.writers }, (_, i) => this.#layout.writer(i));
    const renames = ours.some(
      (at) => state[at + W.pc] === PC.rename && state[at + W.token] !== 0 && state[at + W.basis] === state[G.ledger],
    );
    return renames && ours.some((at) => state[at + W.open] === state[G.ledger] && !READING.includes(state[at + W.pc]!));
  }

  /** A rename cannot replace an open file, even if the program only reads it. */
  #isOpen(state: State): boolean {
    if (!this.#scenario.windows) return false;
    if (state[G.reading] === state[G.ledger]) return true;
    for (let i = 0; i < this.#layout.writers; i++) {
      if (state[this.#layout.writer(i) + W.open] === state[G.ledger]) return true;
    }
    for (let i = 0; i < this.#layout.foreigners; i++) {
      if (state[this.#layout.foreigner(i) + F.opened] === state[G.ledger]) return true;
    }
    return false;
  }

  #newInode(next: State, content: number): number {
    const { references, onDisk } = this.#layout;
    return newInode(next, this.#layout, content, this.#mutants.numberOnly ? onDisk : references);
  }

  reader(state: State, fork: Fork): void {
    if (state[G.reading] !== 0) {
      fork('reader: close', (next) => void (next[G.reading] = 0));
    } else if (state[G.reads]! > 0) {
      fork('reader: open', (next) => {
        next[G.reads]!--;
        next[G.reading] = next[G.ledger]!;
      });
    }
  }

  ours(state: State, i: number, fork: Fork): void {
    const at = this.#layout.writer(i);
    const pc = state[at + W.pc]!;
    if (pc === PC.done || pc === PC.dead) return;
    const step = (what: string, change: (next: State) => void): void => fork(`${i}: ${what}`, change);
    if (state[G.crashes]! > 0) {
      step('crash', (next) => {
        next[G.crashes]!--;
        const token = next[at + W.token]!;
        next.fill(0, at, at + W.size);
        next[at + W.pc] = PC.dead;
        next[at + W.token] = token;
        this.#forgetInLists(next);
      });
    }
    this.#step(state, i, at, pc, (change, what = STEP[pc]!) => step(what, change));
  }

  #step(
    state: State,
    i: number,
    at: number,
    pc: number,
    step: (change: (next: State) => void, what?: string) => void,
  ): void {
    const mutants = this.#mutants;
    const go = (next: State, to: number): void => void (next[at + W.pc] = to);
    switch (pc) {
      case PC.idle:
        return step((next) => this.#start(next, i, at));
      case PC.create:
        return step((next) => {
          this.#createJournal(next, i, at);
          go(next, PC.append);
        });
      case PC.append:
        return step((next) => {
          next[this.#layout.slot(next[at + W.journal]! - 1) + J.entries]! |= 1 << i;
          go(next, mutants.acknowledgeBeforeFsync ? PC.acknowledge : PC.fsync);
        });
      case PC.fsync:
        return step((next) => {
          const slot = this.#layout.slot(next[at + W.journal]! - 1);
          next[slot + J.synced] = next[slot + J.entries]!;
          go(next, PC.acknowledge);
        });
      case PC.acknowledge:
        return step((next) => {
          const slot = this.#layout.slot(next[at + W.journal]! - 1);
          if (next[slot + J.status] === JOURNAL.own || mutants.noOwnershipCheck) {
            next[G.acknowledged]! |= 1 << i;
            next[at + W.pending]! |= 1 << i;
            go(next, PC.adopt);
          } else {
            // Its entries in the journal that was carried away remain there, for the process that adopted it.
            next[at + W.journal] = 0;
            go(next, PC.create);
          }
        });
      case PC.adopt:
        return this.#adopt(state, i, at, step);
      case PC.readJournal:
        return step((next) => this.#readJournal(next, at));
      case PC.dismiss:
        return step((next) => {
          this.#unlinkJournal(next, next[at + W.adopting]! - 1);
          next[at + W.adopting] = 0;
          go(next, PC.adopt);
        });
      case PC.token:
        return step((next) => {
          const inode = this.#newInode(next, TORN);
          next[at + W.token] = inode;
          next[at + W.held] = inode;
          if (mutants.readBeforeRevoke) next[at + W.basis] = next[G.ledger]!;
          go(next, mutants.noRevocation ? PC.read : PC.list);
        });
      case PC.list:
        this.#setAside(state, step);
        return step((next) => {
          next[at + W.tokens] = this.#tokensOfOthers(next, i, false);
          go(next, next[at + W.tokens] === 0 ? PC.read : PC.revoke);
        });
      case PC.revoke:
        return step((next) => {
          const bits = next[at + W.tokens]!;
          const other = 31 - Math.clz32(bits & -bits);
          next[this.#layout.writer(other) + W.token] = 0;
          this.#forgetInLists(next);
        });
      case PC.read:
        return step((next) => {
          if (this.#scenario.windows) {
            next[at + W.open] = next[G.ledger]!;
            return go(next, PC.readBasis);
          }
          if (!mutants.readBeforeRevoke) next[at + W.basis] = next[G.ledger]!;
          this.#plan(next, i, at);
        });
      case PC.readBasis:
        return step((next) => {
          next[at + W.basis] = next[at + W.open]!;
          if (!mutants.keepBasisOpen) next[at + W.open] = 0;
          this.#plan(next, i, at);
        });
      case PC.log:
        return step((next) => {
          next[G.logged] = 1;
          go(next, mutants.logAfterRename ? PC.syncFolder : PC.look);
        });
      case PC.look:
        return step((next) => {
          if (next[G.ledger] === next[at + W.basis]) go(next, PC.rename);
          else this.#again(next, at);
        });
      case PC.rename:
        return step((next) => this.#rename(next, i, at));
      case PC.syncFolder:
        return step((next) => {
          if (!mutants.folderNotSynced) this.#syncFolder(next);
          go(next, mutants.dropBeforeSettle ? PC.drop : mutants.lookThenList ? PC.settleLook : PC.settleList);
        });
      case PC.settleList:
        return step((next) => {
          next[at + W.tokens] = this.#tokensOfOthers(next, i, true);
          next[at + W.foreign] = mutants.ignoreForeign ? 0 : this.#foreignInFlight(next);
          go(next, PC.settleLook);
          if (mutants.lookThenList) go(next, next[at + W.tokens]! | next[at + W.foreign]! ? PC.wait : PC.drop);
        });
      case PC.settleLook:
        return step((next) => this.#settleLook(next, i, at));
      case PC.readFound:
        return step((next) => {
          const inode = next[at + W.open]!;
          if (!mutants.keepFoundOpen) next[at + W.open] = 0;
          this.#found(next, i, at, inode);
        });
      case PC.wait:
        if (state[at + W.tokens] === 0 && state[at + W.foreign] === 0) {
          step((next) => go(next, mutants.lookThenList ? PC.settleLook : PC.settleList));
        } else {
          step((next) => this.#nextCycle(next, at), 'give up for now');
        }
        return;
      case PC.syncOthers:
        return step((next) => {
          if (!mutants.othersNotSynced) this.#syncFolder(next);
          go(next, PC.drop);
        });
      case PC.drop:
        return step((next) => this.#drop(next, i, at));
    }
  }

  /** A foreign writer whose temporary file was moved away can no longer put its version in place. */
  #setAside(state: State, step: (change: (next: State) => void, what?: string) => void): void {
    for (let f = 0; f < this.#layout.foreigners; f++) {
      const foreign = this.#layout.foreigner(f);
      const dead = state[foreign + F.pc] === FOREIGN.dead;
      if (state[foreign + F.temporary] === 0 || (!dead && state[G.fences] === 0)) continue;
      step((next) => {
        if (!dead) next[G.fences]!--;
        next[foreign + F.temporary] = 0;
        this.#forgetInLists(next);
      }, `set aside the temporary file of foreign ${f}`);
    }
  }

  #start(next: State, i: number, at: number): void {
    const task = this.#scenario.ours[i]!;
    next[at + W.pc] = task === 'record' ? PC.create : PC.adopt;
  }

  #createJournal(next: State, i: number, at: number): void {
    let slot = 0;
    while (next[this.#layout.slot(slot) + J.status] !== JOURNAL.free) slot++;
    next[this.#layout.slot(slot) + J.status] = JOURNAL.own;
    next[this.#layout.slot(slot) + J.owner] = i;
    next[at + W.journal] = slot + 1;
  }

  /** The journals found depend on the moment of the listing, so it may also proceed while some exist. */
  #adopt(state: State, i: number, at: number, step: (change: (next: State) => void, what?: string) => void): void {
    for (let s = 0; s < this.#layout.slots; s++) {
      const slot = this.#layout.slot(s);
      const status = state[slot + J.status];
      const owner = state[slot + J.owner]!;
      if ((status !== JOURNAL.own && status !== JOURNAL.adopted) || owner === i) continue;
      if (state[at + W.adopted]! & (1 << s)) continue;
      const dead = state[this.#layout.writer(owner) + W.pc] === PC.dead;
      if (!dead && state[G.mistakes] === 0) continue;
      step(
        (next) => {
          if (!dead) next[G.mistakes]!--;
          if (!this.#mutants.adoptWithoutRename) {
            next[slot + J.status] = JOURNAL.adopted;
            next[slot + J.owner] = i;
          }
          next[at + W.adopting] = s + 1;
          next[at + W.pc] = PC.readJournal;
        },
        `adopt the journal in slot ${s}${dead ? '' : ' of a living process'}`,
      );
    }
    step((next) => {
      const idle = this.#scenario.ours[i] !== 'remove' && next[at + W.pending] === 0;
      next[at + W.pc] = idle ? PC.done : PC.token;
    }, 'nothing more to adopt');
  }

  #readJournal(next: State, at: number): void {
    const s = next[at + W.adopting]! - 1;
    const slot = this.#layout.slot(s);
    const entries = next[slot + J.status] === JOURNAL.gone ? 0 : next[slot + J.entries]!;
    const known = (entries & ~next[at + W.pending]!) === 0;
    if (entries === 0 || (known && this.#mutants.dismissKnown)) {
      next[at + W.pc] = PC.dismiss;
      return;
    }
    next[at + W.adopting] = 0;
    next[at + W.pending]! |= entries;
    next[at + W.adopted]! |= 1 << s;
    next[at + W.pc] = PC.adopt;
  }

  /** Plans, writes and syncs: not observable before the rename. */
  #plan(next: State, i: number, at: number): void {
    const there = this.#content(next, next[at + W.basis]!);
    let content: number;
    if (this.#scenario.ours[i] === 'remove') {
      const found = (there | this.#inJournals(next)) & REMOVED;
      if (!(there & REMOVED)) {
        // The record is at most in a journal: its owner learns from the log that it need not commit it.
        if (found && !next[G.logged]) next[G.logged] = 1;
        return this.#nothingToWrite(next, at);
      }
      content = there & PRESENT & ~REMOVED;
      next[at + W.pc] = next[G.logged] || this.#mutants.logAfterRename ? PC.look : PC.log;
    } else {
      const wanted = next[at + W.pending]! & ~this.#removed(next);
      const missing = this.#mutants.noMergeById ? wanted : wanted & ~there;
      if (missing === 0) return this.#nothingToWrite(next, at);
      content = (there & PRESENT) | missing | ((there & missing) << TWICE_SHIFT);
      next[at + W.pc] = PC.look;
    }
    next[this.#layout.inodes + next[at + W.held]!] = content | (this.#mutants.tokenNotSynced ? 0 : SYNCED);
    if (!this.#scenario.lastLook && next[at + W.pc] === PC.look) next[at + W.pc] = PC.rename;
  }

  #nothingToWrite(next: State, at: number): void {
    next[at + W.token] = 0;
    next[at + W.held] = 0;
    next[at + W.basis] = 0;
    next[at + W.open] = 0;
    this.#forgetInLists(next);
    next[at + W.pc] = this.#mutants.lookThenList ? PC.settleLook : PC.settleList;
  }

  #again(next: State, at: number): void {
    next[at + W.token] = 0;
    next[at + W.held] = 0;
    next[at + W.basis] = 0;
    next[at + W.open] = 0;
    this.#forgetInLists(next);
    next[at + W.pc] = PC.token;
  }

  #rename(next: State, i: number, at: number): void {
    if (next[at + W.token] === 0) return this.#again(next, at);
    // Refused: reads again and retries.
    if (this.#isOpen(next)) return void (next[at + W.pc] = this.#scenario.lastLook ? PC.look : PC.rename);
    next[at + W.token] = 0;
    next[at + W.basis] = 0;
    next[at + W.open] = this.#mutants.keepWrittenOpen ? next[at + W.held]! : 0;
    this.#put(next, next[at + W.held]!);
    this.#forgetInLists(next);
    const late = this.#mutants.logAfterRename && this.#scenario.ours[i] === 'remove';
    next[at + W.pc] = late ? PC.log : PC.syncFolder;
  }

  /** First the listing, then the check: the rules of `LedgerVersions.settled`. */
  #settleLook(next: State, i: number, at: number): void {
    const mutants = this.#mutants;
    const ledger = next[G.ledger]!;
    const foreign = next[at + W.foreign]!;
    const tokens = mutants.ignoreTokens ? 0 : next[at + W.tokens]!;
    const listed = !mutants.settleWithoutListing && !mutants.lookThenList;
    if (listed && next[at + W.held] === ledger && foreign === 0) return this.#settled(next, at, PC.drop);
    if (listed && next[at + W.known] === ledger && (foreign | tokens) === 0) {
      return this.#settled(next, at, PC.syncOthers);
    }
    if (!this.#scenario.windows) return this.#found(next, i, at, ledger);
    next[at + W.open] = ledger;
    next[at + W.pc] = PC.readFound;
  }

  /** The rest of the check: the content of the version that was read. */
  #found(next: State, i: number, at: number, ledger: number): void {
    const mutants = this.#mutants;
    const foreign = next[at + W.foreign]!;
    const tokens = mutants.ignoreTokens ? 0 : next[at + W.tokens]!;
    const there = this.#content(next, ledger);
    const holds =
      this.#scenario.ours[i] === 'remove'
        ? !(there & REMOVED)
        : (next[at + W.pending]! & ~this.#removed(next) & ~there) === 0;
    if (!holds) return this.#nextCycle(next, at);
    if (mutants.settleWithoutListing) return this.#settled(next, at, PC.syncOthers);
    if (mutants.lookThenList) return void (next[at + W.pc] = PC.settleList);
    if (mutants.listThenLook && (foreign | tokens) === 0) return this.#settled(next, at, PC.syncOthers);
    next[at + W.known] = ledger;
    next[at + W.pc] = (foreign | tokens) === 0 ? PC.settleList : PC.wait;
    this.#forgetInLists(next);
  }

  #settled(next: State, at: number, to: number): void {
    next[at + W.open] = 0;
    next[at + W.tokens] = 0;
    next[at + W.foreign] = 0;
    next[at + W.pc] = to;
  }

  #nextCycle(next: State, at: number): void {
    next[at + W.held] = 0;
    next[at + W.known] = 0;
    next[at + W.open] = 0;
    next[at + W.tokens] = 0;
    next[at + W.foreign] = 0;
    next[at + W.pc] = PC.adopt;
  }

  /** Settled records leave the journals: our own is truncated through its descriptor, adopted ones are unlinked. */
  #drop(next: State, i: number, at: number): void {
    if (next[at + W.journal] !== 0) {
      const slot = this.#layout.slot(next[at + W.journal]! - 1);
      next[slot + J.entries] = 0;
      next[slot + J.synced] = 0;
    }
    for (let s = 0; s < this.#layout.slots; s++) {
      if (next[at + W.adopted]! & (1 << s)) this.#unlinkJournal(next, s);
    }
    if (this.#scenario.ours[i] === 'remove') next[G.removalAcknowledged] = next[G.logged]!;
    next.fill(0, at, at + W.size);
    next[at + W.pc] = PC.done;
  }

  #unlinkJournal(next: State, s: number): void {
    const slot = this.#layout.slot(s);
    next[slot + J.status] = JOURNAL.gone;
    next[slot + J.entries] = 0;
    next[slot + J.synced] = 0;
    next[slot + J.owner] = 0;
  }

  /** inkwell's order: first a temporary file, then the lock of the file that has the name at that moment. */
  foreign(state: State, i: number, fork: Fork): void {
    const at = this.#layout.foreigner(i);
    const pc = state[at + F.pc]!;
    if (pc === FOREIGN.done || pc === FOREIGN.dead) return;
    if (state[G.foreignCrashes]! > 0) {
      fork(`foreign ${i}: crash`, (next) => {
        next[G.foreignCrashes]!--;
        const temporary = next[at + F.temporary]!;
        next.fill(0, at, at + F.size);
        next[at + F.pc] = FOREIGN.dead;
        next[at + F.temporary] = temporary;
      });
    }
    if (pc === FOREIGN.replace && this.#isOpen(state)) return;
    if (pc === FOREIGN.read && this.#scenario.flock && this.#isLocked(state, state[at + F.opened]!)) return;
    fork(`foreign ${i}: ${FOREIGN_STEP[pc]}`, (next) => {
      switch (pc) {
        case FOREIGN.load:
          next[at + F.history] = this.#content(next, next[G.ledger]!) & PRESENT;
          break;
        case FOREIGN.makeTemporary:
          next[at + F.temporary] = 1;
          break;
        case FOREIGN.open:
          next[at + F.opened] = next[G.ledger]!;
          break;
        case FOREIGN.read:
          next[at + F.content] = (this.#content(next, next[at + F.opened]!) & PRESENT) | next[at + F.history]!;
          // Otherwise it could not replace the file itself.
          if (this.#scenario.windows) next[at + F.opened] = 0;
          break;
        case FOREIGN.replace:
          if (next[at + F.temporary] === 0) {
            // Its rename fails, and the process with it.
            next.fill(0, at, at + F.size);
            next[at + F.pc] = FOREIGN.done;
            return;
          }
          this.#put(next, this.#newInode(next, next[at + F.content]! | SYNCED));
          next[at + F.history] = next[at + F.content]!;
          next[at + F.content] = 0;
          next[at + F.opened] = 0;
          next[at + F.temporary] = 0;
          next[at + F.left]!--;
          this.#forgetInLists(next);
          break;
      }
      next[at + F.pc] = pc === FOREIGN.replace ? FOREIGN.makeTemporary : pc + 1;
      if (pc === FOREIGN.replace && next[at + F.left] === 0) {
        next.fill(0, at, at + F.size);
        next[at + F.pc] = FOREIGN.done;
      }
    });
  }

  #isLocked(state: State, inode: number): boolean {
    for (let i = 0; i < this.#layout.foreigners; i++) {
      const at = this.#layout.foreigner(i);
      if (state[at + F.pc] === FOREIGN.replace && state[at + F.opened] === inode) return true;
    }
    return false;
  }

  /** A rename onto the ledger's name. Until the folder is synced, a power cut may restore any earlier version. */
  #put(next: State, inode: number): void {
    next[G.ledger] = inode;
    const content = this.#content(next, inode);
    next[G.maybe]! |= 1 << (content & PRESENT);
    if (!(content & SYNCED)) next[G.maybeTorn] = 1;
  }

  #syncFolder(next: State): void {
    const content = this.#content(next, next[G.ledger]!);
    next[G.maybe] = 1 << (content & PRESENT);
    next[G.maybeTorn] = content & SYNCED ? 0 : 1;
  }

  #content(state: State, inode: number): number {
    return state[this.#layout.inodes + inode]!;
  }

  /** Record 0 was accepted before any removal, so every removal applies to it. */
  #removed(state: State): number {
    return state[G.logged] ? REMOVED : 0;
  }

  #inJournals(state: State): number {
    let entries = 0;
    for (let s = 0; s < this.#layout.slots; s++) {
      const slot = this.#layout.slot(s);
      if (state[slot + J.status] === JOURNAL.own || state[slot + J.status] === JOURNAL.adopted) {
        entries |= state[slot + J.entries]!;
      }
    }
    return entries;
  }

  #tokensOfOthers(state: State, own: number, onlyLiving: boolean): number {
    let tokens = 0;
    for (let i = 0; i < this.#layout.writers; i++) {
      const at = this.#layout.writer(i);
      if (i === own || state[at + W.token] === 0 || (onlyLiving && state[at + W.pc] === PC.dead)) continue;
      tokens |= 1 << i;
    }
    return tokens;
  }

  #foreignInFlight(state: State): number {
    let foreign = 0;
    for (let i = 0; i < this.#layout.foreigners; i++) {
      if (state[this.#layout.foreigner(i) + F.temporary]) foreign |= 1 << i;
    }
    return foreign;
  }

  /**
   * A process that works through a list of names skips those that have disappeared; a later file of the same owner is another
   * one.
   */
  #forgetInLists(next: State): void {
    const tokens = this.#tokensOfOthers(next, -1, false);
    const foreign = this.#foreignInFlight(next);
    for (let i = 0; i < this.#layout.writers; i++) {
      const at = this.#layout.writer(i);
      if (next[at + W.pc] !== PC.revoke && next[at + W.pc] !== PC.wait) continue;
      next[at + W.tokens]! &= tokens;
      next[at + W.foreign]! &= foreign;
      if (next[at + W.pc] === PC.revoke && next[at + W.tokens] === 0) next[at + W.pc] = PC.read;
    }
  }
}
