import { statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { readBesideSync } from '../../system/beside.ts';
import { fieldsOf, parseJson } from '../fields.ts';
import type { LinePosition } from '../reading/lines.ts';
import type { ParserState } from '../source.ts';
import type { ImportOptions } from './options.ts';
import { besideLedger } from '../../system/paths.ts';
import { isIn, versionOf } from '../reading/walk.ts';

/**
 * How far the files of a source have been imported into a ledger: one JSON file per source beside the ledger. It only saves
 * reading: without it, everything is read again, with the same result.
 */

/** The state saved for a file. */
export interface FileState extends LinePosition {
  /** Its version, from {@link versionOf}: an unchanged file need not be opened. */
  version: string;
  /** A hash of bytes before `offset`, to check that the imported part is unchanged. */
  fingerprint: string;
  parser: ParserState | undefined;
}

export interface ImportState {
  /** A record from the last import; if the ledger no longer has it, others may be missing too. */
  witness: string | undefined;
  /**
   * The {@link ledgerVersion} at which the ledger contained the witness: while it is unchanged, the ledger need not be opened.
   */
  ledger: string | undefined;
  files: FileStates;
}

/** The states of files, by absolute path. Entries are validated lazily. */
export class FileStates {
  readonly #entries: Record<string, unknown>;

  constructor(entries: Readonly<Record<string, unknown>> = {}) {
    this.#entries = entries;
  }

  get paths(): string[] {
    return Object.keys(this.#entries);
  }

  get(path: string): FileState | undefined {
    const entry = this.#entries[path];
    return isFileState(entry) ? entry : undefined;
  }

  set(path: string, state: FileState): void {
    this.#entries[path] = state;
  }

  delete(path: string): void {
    delete this.#entries[path];
  }

  /** @param states undefined: drops the file's state. */
  apply(states: ReadonlyMap<string, FileState | undefined>): void {
    for (const [path, state] of states) {
      if (state === undefined) this.delete(path);
      else this.set(path, state);
    }
  }

  /** Drops the states of files below these places that no longer exist. @returns whether there were any. */
  keepOnly(files: readonly { path: string }[], places: readonly string[]): boolean {
    const there = new Set(files.map(({ path }) => path));
    const gone = this.paths.filter((path) => !there.has(path) && places.some((place) => isIn({ path }, place)));
    for (const path of gone) this.delete(path);
    return gone.length > 0;
  }

  toJSON(): object {
    return this.#entries;
  }
}

/** Must be changed whenever a parser's results change, so that everything is read again. */
const FORMAT = 6;
/** Precedes the checksum, the last member of the saved object. */
const SUM = ',"sum":"';

export function statePath(ledger: string, source: string): string {
  const path = besideLedger(ledger);
  return join(dirname(path), `.${basename(path)}.import-${source}`);
}

/** Reads the saved state; returns an empty one if it is missing or invalid. */
function readState(path: string): ImportState {
  return stateIn(savedText(path));
}

/** The saved state as a text; empty if it is missing. */
export function savedText(path: string): string {
  try {
    return readBesideSync(path).toString();
  } catch {
    return '';
  }
}

/** Reads the text of a saved state; returns an empty state if it is invalid. */
export function stateIn(text: string): ImportState {
  const end = text.lastIndexOf(SUM);
  if (end === -1 || text.slice(end + SUM.length) !== `${checksum(`${text.slice(0, end)}}`)}"}`) return emptyState();
  const saved = fieldsOf(parseJson(text));
  const files = fieldsOf(saved?.['files']);
  if (saved?.['format'] !== FORMAT || files === undefined) return emptyState();
  const { witness, ledger } = saved;
  return {
    witness: typeof witness === 'string' ? witness : undefined,
    ledger: typeof ledger === 'string' ? ledger : undefined,
    files: new FileStates(files),
  };
}

/** The state of the last import; an empty one if the ledger has lost the imported records. */
export async function trustedState(
  saved: string,
  { path, ledger: open }: Pick<ImportOptions, 'path' | 'ledger'>,
): Promise<ImportState> {
  const state = readState(saved);
  if (state.witness === undefined || (state.ledger !== undefined && state.ledger === ledgerVersion(path))) return state;
  const ledger = await open();
  await ledger.refresh();
  return (await ledger.has(state.witness)) ? state : emptyState();
}

/** Replaces the saved state. A failure only causes files to be read again, so it does not fail the import. */
export async function saveState(path: string, { witness, ledger, files }: ImportState): Promise<void> {
  const saved = JSON.stringify({ format: FORMAT, witness, ledger, files });
  const text = `${saved.slice(0, -1)}${SUM}${checksum(saved)}"}`;
  // If the logs contain no usage yet, there is no ledger, and perhaps no folder for it.
  await writeFileAtomically(path, text, { durable: false }).catch(() => undefined);
}

/** Deletes the states of all sources of a ledger, so that the next import reads everything again. */
export async function forgetStates(ledger: string): Promise<void> {
  const start = statePath(ledger, '');
  const folder = dirname(start);
  const names = await readdir(folder).catch(() => []);
  const states = names.filter((name) => name.startsWith(basename(start)));
  await Promise.all(states.map((name) => rm(join(folder, name), { force: true })));
}

export function emptyState(): ImportState {
  return { witness: undefined, ledger: undefined, files: new FileStates() };
}

/** Identifies the state of a ledger's files; undefined when there is no ledger. */
export function ledgerVersion(ledger: string): string | undefined {
  try {
    const [own, log] = [ledger, `${ledger}-wal`].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
    return own && `${versionOf(own)} ${log === undefined ? '' : versionOf(log)}`;
  } catch {
    return undefined;
  }
}

/**
 * 32 bits of FNV-1a over the saved state. A damaged or edited state is not used: wrong positions and parser states could do
 * more harm than reading everything again.
 */
function checksum(text: string): string {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(16);
}

function isPosition(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isFileState(value: unknown): value is FileState {
  const fields = fieldsOf(value);
  return (
    typeof fields?.['version'] === 'string' &&
    typeof fields['fingerprint'] === 'string' &&
    isPosition(fields['offset']) &&
    isPosition(fields['lines'])
  );
}
