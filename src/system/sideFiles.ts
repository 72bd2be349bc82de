import type { Owner } from './owner.ts';
import { ownerText, parseOwner, thisOwner } from './owner.ts';
import { randomHex } from './random.ts';

/** The names of the files beside a ledger. `base` is the ledger's own name, e.g. `costs.json`. */

/** proper-lockfile's folder: keeps writers from wasting work, safety does not rest on it. */
export const lockName = (base: string): string => `${base}.lock`;
/** The version that our last commit displaced. */
export const previousName = (base: string): string => `${base}.prev`;
/** inkwell's backup: it writes this one, we only read it. */
export const foreignBackupName = (base: string): string => `${base}.bak`;
/** How much of the ledger is known to be sound: see `checkpoint.ts`. */
export const checkpointName = (base: string): string => `.${base}.checkpoint`;
/** NDJSON: what remove and clear took out, for undo. */
export const undoLogName = (base: string): string => `${base}.undo`;

/** Where unreadable bytes are kept. inkwell's own has whole seconds; ours has more, so that the two never meet. */
export function corruptName(base: string, now: number): string {
  return `${base}.corrupt.${now}-${randomHex(3)}`;
}
export function isCorruptName(name: string, base: string): boolean {
  return name.startsWith(`${base}.corrupt.`);
}

export function clearedName(base: string, now: number): string {
  return `${base}.cleared.${now}-${randomHex(3)}`;
}
export function isClearedName(name: string, base: string): boolean {
  return name.startsWith(`${base}.cleared.`);
}

/** What the records said before their costs were set anew. */
export function replacedName(base: string, now: number): string {
  return `${base}.replaced.${now}-${randomHex(3)}`;
}
export function isReplacedName(name: string, base: string): boolean {
  return name.startsWith(`${base}.replaced.`);
}

/** inkwell's writers in flight: they make this file before they read the ledger, and rename it onto the ledger. */
export const isForeignTemporary = (name: string): boolean => /^\.tmp_costs_.*\.json$/.test(name);

export interface SideFile {
  name: string;
  kind: 'tok' | 'journal' | 'tmp';
  owner: Owner;
}

/** A new name of this process: a token (`tok`), a journal, or a temporary file on its way to a lasting name. */
export function sideFileName(base: string, kind: SideFile['kind']): string {
  return `.${base}.${ownerText(thisOwner())}-${randomHex(6)}.${kind}`;
}

export function parseSideFile(name: string, base: string): SideFile | undefined {
  if (!name.startsWith(`.${base}.`)) return undefined;
  const match = /^(.*)-[0-9a-f]+\.(tok|journal|tmp)$/.exec(name.slice(base.length + 2));
  const owner = match && parseOwner(match[1]!);
  return owner ? { name, kind: match[2] as SideFile['kind'], owner } : undefined;
}
