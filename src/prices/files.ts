import { dirname, join } from 'node:path';
import { readCustomPrices, type CustomPrice, type CustomPriceProblem } from '../pricing/custom.ts';
import { updateFile } from '../system/atomicFile.ts';
import { nodeDisk, readWhole } from '../system/disk.ts';
import { errno } from '../system/errno.ts';
import { defaultLedgerPath } from '../system/paths.ts';

/**
 * A person's own prices, beside the default ledger: `prices.json` (a JSON array of custom prices, made to be edited by
 * hand too) and `editor-prices.json` (what the editor's setting says); `dataFile.ts` has the price data that was fetched.
 * The command, the library and the editor read the same, so a usage costs the same whatever the way in.
 */

export const pricesFolder = (): string => dirname(defaultLedgerPath());
export const customPricesPath = (folder: string): string => join(folder, 'prices.json');
export const editorPricesPath = (folder: string): string => join(folder, 'editor-prices.json');

/** A file of prices that cannot be used: which, why, and what helps. */
export class PriceFileError extends Error {
  override readonly name = 'PriceFileError';
}

/** Custom prices are typed by people: beyond this it is another file. */
const MAX_CUSTOM_BYTES = 10_000_000;

export interface CustomPriceFile {
  /** The array as it stands in the file, the unusable ones included. */
  entries: unknown[];
  prices: CustomPrice[];
  problems: CustomPriceProblem[];
}

/** @throws {PriceFileError} when there is a file, but no list of prices in it. */
export async function readCustomPriceFile(folder: string): Promise<CustomPriceFile> {
  const path = customPricesPath(folder);
  const entries = customEntries(path, await readText(path, MAX_CUSTOM_BYTES));
  return { entries, ...readCustomPrices(entries) };
}

/**
 * Changes the list in `prices.json`, while every other process that wants to change it waits.
 * @param change is given the entries and returns those to write, or undefined to leave the file as it is.
 * @throws {PriceFileError} when there is a file, but no list of prices in it; it is left as it is.
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

/** The prices of an editor's setting. They win over those of `prices.json` where both fit equally well. */
export interface EditorPriceFile {
  /** The editor whose setting it is; undefined when there is none. */
  editor: string | undefined;
  prices: CustomPrice[];
  problems: CustomPriceProblem[];
}

/** @throws {PriceFileError} when there is a file, but no prices in it. */
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
      `${path} is not in the form that an editor writes. Delete it: the editor writes it again when it starts.`,
    );
  }
  return { editor: file.editor, ...readCustomPrices(file.prices) };
}

/**
 * Publishes the prices of an editor's setting to everybody who reads this folder. There is one such list: of several editors
 * with prices in their settings, the one that published last counts. An editor without any removes only its own.
 * @param editor the name of this editor, for people.
 * @returns the other editor whose prices counted until now, where it had some.
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
      // An editor's setting is the only source of this file, so a damaged one is replaced.
    }
    const isOwn = before === undefined || before.editor === editor;
    if (before !== undefined && JSON.stringify(before.prices) === JSON.stringify(prices)) return undefined;
    if (prices.length === 0 && !isOwn) return undefined;
    if (!isOwn && before?.prices.length !== 0) displaced = before?.editor;
    return `${JSON.stringify({ about, editor, prices }, undefined, 2)}\n`;
  };
  // Mostly there is nothing to change, and then neither a folder nor a lock is made.
  if (changed(await readText(path, MAX_CUSTOM_BYTES)) === undefined) return undefined;
  await update(path, changed);
  return displaced;
}

/** Returns undefined when there is no such file. @throws {PriceFileError} when it cannot be read. */
export async function readText(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const size = Number((await nodeDisk.stat(path)).size);
    if (size > maxBytes) throw new PriceFileError(`${path} is too large for prices.`);
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

/** Turns errors of the system into sentences. */
export async function withPlainErrors<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const code = errno(error);
    if (code === undefined || error instanceof PriceFileError) throw error;
    throw new PriceFileError(`${path} cannot be written: ${REASONS[code] ?? code}. Nothing was changed.`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ELOOP: 'it is a symbolic link, which is not followed',
  EINVAL: 'it is not a regular file',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  ELOCKED: 'another process holds its lock',
};
