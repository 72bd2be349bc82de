import type { Owner } from './owner.ts';
import { ownerText, parseOwner, thisOwner } from './owner.ts';
import { randomHex } from './random.ts';

/** Names of the files beside a ledger. `base` is the ledger's own file name, e.g. `costs.json`. */

/** proper-lockfile's folder: prevents writers from wasting work; safety does not depend on it. */
export const lockName = (base: string): string => `${base}.lock`;
/** The version replaced by our last commit. */
export const previousName = (base: string): string => `${base}.prev`;
/** inkwell's backup, which inkwell writes and we only read. */
export const foreignBackupName = (base: string): string => `${base}.bak`;
/** How much of the ledger is known to be intact: see `checkpoint.ts`. */
export const checkpointName = (base: string): string => `.${base}.checkpoint`;
/** Which versions of the ledger only added to the one before: see `growth.ts`. */
export const growthName = (base: string): string => `.${base}.growth`;
/** A note that a recovery may not have found every record: see `loss.ts`. */
export const incompleteName = (base: string): string => `${base}.incomplete`;
/** NDJSON: the elements that remove and clear took out, for undo. */
export const undoLogName = (base: string): string => `${base}.undo`;

/**
 * The name of a file that keeps unreadable bytes. inkwell's own names have whole seconds; ours are more precise, so the two
 * cannot collide.
 */
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

/** The name of a file that keeps the earlier state of records whose costs were recomputed. */
export function replacedName(base: string, now: number): string {
  return `${base}.replaced.${now}-${randomHex(3)}`;
}
export function isReplacedName(name: string, base: string): boolean {
  return name.startsWith(`${base}.replaced.`);
}

/** Temporary files of inkwell's writers: created before inkwell reads the ledger, then renamed onto the ledger. */
export const isForeignTemporary = (name: string): boolean => /^\.tmp_costs_.*\.json$/.test(name);

export interface SideFile {
  name: string;
  kind: 'tok' | 'journal' | 'tmp';
  owner: Owner;
}

/** A new name that identifies this process: for a token (`tok`), a journal, or a temporary file before its final rename. */
export function sideFileName(base: string, kind: SideFile['kind']): string {
  return `.${base}.${ownerText(thisOwner())}-${randomHex(6)}.${kind}`;
}

export function parseSideFile(name: string, base: string): SideFile | undefined {
  if (!name.startsWith(`.${base}.`)) return undefined;
  const match = /^(.*)-[0-9a-f]+\.(tok|journal|tmp)$/.exec(name.slice(base.length + 2));
  const owner = match && parseOwner(match[1]!);
  return owner ? { name, kind: match[2] as SideFile['kind'], owner } : undefined;
}
