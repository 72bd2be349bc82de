import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { fieldsOf, parseJson } from '../fields.ts';
import type { LinePosition } from '../reading/lines.ts';
import type { ParserState } from '../source.ts';
import { versionOf } from '../reading/walk.ts';

/**
 * How far the files of a source were read into a ledger: a JSON file beside it, one for each source. It saves reading
 * only. Without it, everything is read again and comes to the same.
 */

/** What is remembered of a file. */
export interface FileState extends LinePosition {
  /** Its version, by {@link versionOf}: the same one need not be opened. */
  version: string;
  /** Of the bytes before `offset`: whether what was read is still there. */
  fingerprint: string;
  parser: ParserState | undefined;
}

export interface ImportState {
  /** A record that the ledger got by the last import; when it is gone, so may be others. */
  witness: string | undefined;
  /** What {@link ledgerVersion} was when the witness was in it: while it is the same, the ledger need not be opened. */
  ledger: string | undefined;
  files: FileStates;
}

/** What is remembered of files, by their absolute paths. An entry is judged when it is asked for, and not before. */
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

  toJSON(): object {
    return this.#entries;
  }
}

/** Changed whenever what a parser makes of a line changes, so that everything is read again. */
const FORMAT = 4;
/** What precedes the checksum, the last member of the saved object. */
const SUM = ',"sum":"';

export function statePath(ledger: string, source: string): string {
  return join(dirname(ledger), `.${basename(ledger)}.import-${source}`);
}

/** The state that was saved last; an empty one where there is none that can be used. */
export function readState(path: string): ImportState {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return emptyState();
  }
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

/** Replaces the saved state. A failure costs a second reading, so it does not fail the import. */
export async function saveState(path: string, { witness, ledger, files }: ImportState): Promise<void> {
  const saved = JSON.stringify({ format: FORMAT, witness, ledger, files });
  const text = `${saved.slice(0, -1)}${SUM}${checksum(saved)}"}`;
  // Where logs have no usage yet, there is no ledger, and perhaps no folder for it.
  await writeFileAtomically(path, text, { durable: false }).catch(() => undefined);
}

export function emptyState(): ImportState {
  return { witness: undefined, ledger: undefined, files: new FileStates() };
}

/** What tells one state of a ledger's files from another; undefined where there is no ledger. */
export function ledgerVersion(ledger: string): string | undefined {
  try {
    const [own, log] = [ledger, `${ledger}-wal`].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
    return own && `${versionOf(own)} ${log === undefined ? '' : versionOf(log)}`;
  } catch {
    return undefined;
  }
}

/**
 * 32 bits of FNV-1a over what is saved. A state that somebody has changed, or that was damaged, is not used: positions and
 * parser states that were not written by us could do more harm than a second reading costs.
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
