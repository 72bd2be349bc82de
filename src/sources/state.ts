import { randomBytes } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fieldsOf, parseJson } from './fields.ts';
import type { LinePosition } from './lines.ts';
import type { ParserState } from './types.ts';

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
  files: Map<string, FileState>;
}

/** Changed whenever what a parser makes of a line changes, so that everything is read again. */
const FORMAT = 1;

export function statePath(ledger: string, source: string): string {
  return join(dirname(ledger), `.${basename(ledger)}.import-${source}`);
}

/** The state that was saved last; an empty one where there is none that can be used. */
export async function readState(path: string): Promise<ImportState> {
  const empty: ImportState = { witness: undefined, files: new Map() };
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return empty;
  }
  const saved = fieldsOf(parseJson(text));
  const files = fieldsOf(saved?.['files']);
  if (saved?.['format'] !== FORMAT || files === undefined) return empty;
  for (const [file, entry] of Object.entries(files)) if (isFileState(entry)) empty.files.set(file, entry);
  const witness = saved['witness'];
  empty.witness = typeof witness === 'string' ? witness : undefined;
  return empty;
}

/** Replaces the saved state in one step. What fails here costs a second reading, so it is not worth failing an import. */
export async function saveState(path: string, { witness, files }: ImportState): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify({ format: FORMAT, witness, files: Object.fromEntries(files) }));
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch {
    await unlink(temporary).catch(() => undefined);
  }
}

function isFileState(value: unknown): value is FileState {
  const fields = fieldsOf(value);
  return (
    typeof fields?.['version'] === 'string' &&
    typeof fields['fingerprint'] === 'string' &&
    Number.isSafeInteger(fields['offset']) &&
    Number.isSafeInteger(fields['lines'])
  );
}
