import { basename, dirname } from 'node:path';
import type { Ledger, LedgerState, Problem } from '../../library/index.ts';

/** One of the ledgers shown in the window. */
export interface ShownLedger {
  /** Absolute. */
  path: string;
  /** A short name, unique among the ledgers shown. */
  label: string;
  /** Whether new records go into this ledger. Only this one can be cleared and undone. */
  primary: boolean;
  /** Whether it accepts only records that inkwell can read. */
  strict: boolean;
  state: LedgerState;
}

/** The known state of the ledgers at one moment. */
export interface LedgerSnapshot {
  /** Increases with every change of the data below, including when the settings name other ledgers. */
  version: number;
  /** false until the ledgers have been read once. */
  loaded: boolean;
  /** The primary ledger first. Empty until loaded, and if the primary ledger cannot be opened. */
  ledgers: readonly ShownLedger[];
  /** Why the ledgers could not be opened, as display text. */
  failure: string | undefined;
  /** Time of the last change seen, ms since the epoch. */
  updatedAt: number | undefined;
}

export const NOTHING_READ: LedgerSnapshot = {
  version: 0,
  loaded: false,
  ledgers: [],
  failure: undefined,
  updatedAt: undefined,
};

/** The overall health: `loading`, or the worst of the ledgers. */
export type Health = 'loading' | LedgerState['health'];

export function healthOf({ loaded, ledgers, failure }: LedgerSnapshot): Health {
  if (failure !== undefined) return 'unavailable';
  if (!loaded) return 'loading';
  const found = ledgers.map(({ state }) => state.health);
  return (['unavailable', 'damaged', 'ok'] as const).find((health) => found.includes(health)) ?? 'missing';
}

/** The ledgers to show: the primary one always, others only if they exist. */
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

/** The messages of the ledgers' problems, the primary ledger first. Each names its ledger. */
export function problemMessages({ ledgers }: LedgerSnapshot, severity: Problem['severity']): string[] {
  return ledgers.flatMap((ledger) =>
    ledger.state.problems
      .filter((problem) => problem.severity === severity)
      .map(({ message }) => namedProblem(ledger, message)),
  );
}

/** A problem's message with the path of its ledger, unless it names it itself. */
export function namedProblem({ path }: Pick<ShownLedger, 'path'>, message: string): string {
  return message.includes(path) ? message : `${path}: ${message}`;
}

/** Whether there is nothing new to show. A problem can come and go without a change of records. */
export function sameLedgers(a: readonly ShownLedger[], b: readonly ShownLedger[]): boolean {
  return a.length === b.length && a.every((ledger, index) => identity(ledger) === identity(b[index]));
}

function identity(ledger: ShownLedger | undefined): string | undefined {
  if (ledger === undefined) return undefined;
  const { path, state } = ledger;
  return JSON.stringify([path, state.version, state.health, state.problems.map(({ message }) => message)]);
}

/** Includes the folder, because most ledgers are named `costs.json`. */
function labelOf(file: string): string {
  return `${basename(dirname(file))}/${basename(file)}`;
}
