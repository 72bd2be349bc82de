import { basename, dirname } from 'node:path';
import type { Ledger, LedgerState, Problem } from '../../library/index.ts';

/** One of the ledgers that the window shows together. */
export interface ShownLedger {
  /** Absolute. */
  path: string;
  /** Short, and unique among the ledgers shown. */
  label: string;
  /** Records are added to this one, and it can be cleared and undone. */
  primary: boolean;
  /** Takes only records that inkwell can read. */
  strict: boolean;
  state: LedgerState;
}

/** The ledgers as they are known at one moment. */
export interface LedgerSnapshot {
  /** Grows with every change of anything below, also when the settings name other ledgers. */
  version: number;
  /** false until the ledgers were read for the first time. */
  loaded: boolean;
  /** The primary one first. Empty until loaded, and when the primary one cannot be opened. */
  ledgers: readonly ShownLedger[];
  /** Why the ledgers could not be opened, in words for people. */
  failure: string | undefined;
  /** When the last change was seen, ms since the epoch. */
  updatedAt: number | undefined;
}

export const NOTHING_READ: LedgerSnapshot = {
  version: 0,
  loaded: false,
  ledgers: [],
  failure: undefined,
  updatedAt: undefined,
};

/** The health of all ledgers together: `loading`, else the worst one. */
export type Health = 'loading' | LedgerState['health'];

export function healthOf({ loaded, ledgers, failure }: LedgerSnapshot): Health {
  if (failure !== undefined) return 'unavailable';
  if (!loaded) return 'loading';
  const found = ledgers.map(({ state }) => state.health);
  return (['unavailable', 'damaged', 'ok'] as const).find((health) => found.includes(health)) ?? 'missing';
}

/** The ledgers to show: the primary one always, another one only when it exists. */
export function shownLedgers(
  ledgers: readonly Ledger[],
  states: readonly LedgerState[],
  primary: Ledger,
): readonly ShownLedger[] {
  return ledgers.flatMap((ledger, index): ShownLedger[] => {
    const state = states[index];
    const isPrimary = ledger === primary;
    if (state === undefined || (!isPrimary && state.health === 'missing')) return [];
    return [{ path: ledger.path, label: labelOf(ledger.path), primary: isPrimary, strict: ledger.strict, state }];
  });
}

/** The problems of the ledgers, in words, the primary one first. */
export function problemMessages({ ledgers }: LedgerSnapshot, severity: Problem['severity']): string[] {
  return ledgers.flatMap(({ state }) =>
    state.problems.filter((problem) => problem.severity === severity).map(({ message }) => message),
  );
}

/** Whether there is nothing new to show. A problem can come and go while the records stay the same. */
export function sameLedgers(a: readonly ShownLedger[], b: readonly ShownLedger[]): boolean {
  return a.length === b.length && a.every((ledger, index) => identity(ledger) === identity(b[index]));
}

function identity(ledger: ShownLedger | undefined): string | undefined {
  if (ledger === undefined) return undefined;
  const { path, state } = ledger;
  return JSON.stringify([path, state.version, state.health, state.problems.map(({ message }) => message)]);
}

/** The folder is part of the label, because most ledgers are named `costs.json`. */
function labelOf(file: string): string {
  return `${basename(dirname(file))}/${basename(file)}`;
}
