import { dirname, join } from 'node:path';
import { readCustomPrices, type CustomPrice, type CustomPriceProblem } from '../pricing/custom.ts';
import { updateFile } from '../system/atomicFile.ts';
import { readWhole } from '../system/disk.ts';
import { nodeDisk } from '../system/nodeDisk.ts';
import { errno } from '../system/errno.ts';
import { defaultLedgerPath } from '../system/paths.ts';

/**
 * The user's own prices, beside the default ledger: `prices.json` (a JSON array of custom prices, also meant to be edited by
 * hand) and `editor-prices.json` (a copy of the editor's setting); `dataFile.ts` has the fetched price data. The command, the
 * library and the editor read the same files, so a usage costs the same in all three.
 */

export const pricesFolder = (): string => dirname(defaultLedgerPath());
export const customPricesPath = (folder: string): string => join(folder, 'prices.json');
export const editorPricesPath = (folder: string): string => join(folder, 'editor-prices.json');

/** An unusable price file. The message names it, the reason and a remedy. */
export class PriceFileError extends Error {
  override readonly name = 'PriceFileError';
}

/** Custom prices are typed by hand; a larger file must be something else. */
const MAX_CUSTOM_BYTES = 10_000_000;

export interface CustomPriceFile {
  /** The array in the file, including unusable entries. */
  entries: unknown[];
  prices: CustomPrice[];
  problems: CustomPriceProblem[];
}

/** @throws {PriceFileError} when the file exists but does not contain a list of prices. */
export async function readCustomPriceFile(folder: string): Promise<CustomPriceFile> {
  const path = customPricesPath(folder);
  const entries = customEntries(path, await readText(path, MAX_CUSTOM_BYTES));
  return { entries, ...readCustomPrices(entries) };
}

/**
 * Changes the list in `prices.json`, excluding other processes that change it.
 * @param change receives the entries and returns the new ones, or undefined to leave the file unchanged.
 * @throws {PriceFileError} when the file exists but does not contain a list of prices; it is left unchanged.
 */
export async function changeCustomPriceFile(
  folder: string,
  change: (entries: readonly unknown[]) => readonly unknown[] | undefined,
): Promise<void> {
  const path = customPricesPath(folder);
  await update(path, (text) => {
    const lines = change(customEntries(path, text))?.map((entry) => `  ${JSON.stringify(entry)}`);
    return lines && (lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`);
  });
}

function customEntries(path: string, text: string | undefined): unknown[] {
  if (text === undefined) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch (error) {
    throw new PriceFileError(`${path} is not valid JSON (${(error as Error).message}). Correct it, or delete it.`);
  }
  if (!Array.isArray(entries)) throw new PriceFileError(`${path} is not a list of prices. Correct it, or delete it.`);
  return entries;
}

/** The prices from an editor's setting. They take precedence over those of `prices.json` that match equally well. */
export interface EditorPriceFile {
  /** The editor whose setting it is; undefined if none. */
  editor: string | undefined;
  prices: CustomPrice[];
  problems: CustomPriceProblem[];
}

/** @throws {PriceFileError} when the file exists but does not contain prices. */
export async function readEditorPriceFile(folder: string): Promise<EditorPriceFile> {
  const path = editorPricesPath(folder);
  return editorPrices(path, await readText(path, MAX_CUSTOM_BYTES));
}

function editorPrices(path: string, text: string | undefined): EditorPriceFile {
  if (text === undefined) return { editor: undefined, prices: [], problems: [] };
  let file: { editor?: unknown; prices?: unknown } | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    file = null;
  }
  if (typeof file?.editor !== 'string' || !Array.isArray(file.prices)) {
    throw new PriceFileError(
      `${path} was not written by an editor. Delete it: the editor writes it again when it starts.`,
    );
  }
  return { editor: file.editor, ...readCustomPrices(file.prices) };
}

/**
 * Publishes the prices of an editor's setting to all readers of this folder. There is only one such list: if several editors
 * have prices in their settings, the last one to publish wins. An editor without prices removes only its own.
 * @param editor display name of this editor.
 * @returns the other editor whose prices were replaced, if there was one.
 */
export async function keepEditorPrices(
  folder: string,
  editor: string,
  prices: readonly CustomPrice[],
): Promise<string | undefined> {
  const path = editorPricesPath(folder);
  const about = 'The setting llmSpend.prices of an editor, which writes this file. Change it there.';
  let displaced: string | undefined;
  const changed = (text: string | undefined): string | undefined => {
    displaced = undefined;
    let before: EditorPriceFile | undefined;
    try {
      before = editorPrices(path, text);
    } catch (error) {
      if (!(error instanceof PriceFileError)) throw error;
      // An editor's setting is the only source of this file, so a damaged file can be replaced.
    }
    const isOwn = before === undefined || before.editor === editor;
    if (before !== undefined && JSON.stringify(before.prices) === JSON.stringify(prices)) return undefined;
    if (prices.length === 0 && !isOwn) return undefined;
    if (!isOwn && before?.prices.length !== 0) displaced = before?.editor;
    return `${JSON.stringify({ about, editor, prices }, undefined, 2)}\n`;
  };
  // Usually nothing changes, and then no folder or lock is created.
  if (changed(await readText(path, MAX_CUSTOM_BYTES)) === undefined) return undefined;
  await update(path, changed);
  return displaced;
}

/** Returns undefined when the file does not exist. @throws {PriceFileError} when it cannot be read. */
export async function readText(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const size = Number((await nodeDisk.stat(path)).size);
    if (size > maxBytes) throw new PriceFileError(`${path} is too large for a file of prices.`);
    return decoded(await readWhole(nodeDisk, path));
  } catch (error) {
    if (error instanceof PriceFileError) throw error;
    const code = errno(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PriceFileError(
      `${path} cannot be read (${code === 'EISDIR' ? 'it is a folder' : (code ?? String(error))}).`,
    );
  }
}

function decoded(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString('utf8').replace(/^\uFEFF/, '');
}

async function update(path: string, change: (text: string | undefined) => string | undefined): Promise<void> {
  await withPlainErrors(path, () => updateFile(path, (bytes) => change(decoded(bytes))));
}

/** Translates system errors into readable messages. */
export async function withPlainErrors<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const code = errno(error);
    if (code === undefined || error instanceof PriceFileError) throw error;
    throw new PriceFileError(notWritten(path, code));
  }
}

/** @param code of the system's error. */
export function notWritten(path: string, code: string): string {
  return `${path} cannot be written: ${REASONS[code] ?? code}. Nothing was changed.`;
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ELOOP: 'it is a symbolic link, which is not followed',
  EINVAL: 'it is not a regular file',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ENOENT: 'its folder cannot be created',
  ENOTDIR: 'a part of its path is not a folder',
  ELOCKED: 'another process holds its lock',
};
