import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readCustomPrices, type CustomPrice, type CustomPriceProblem } from '../pricing/custom.ts';
import { defaultLedgerPath } from '../system/paths.ts';

/**
 * A person's own prices, beside the default ledger: `prices.json` (a JSON array of custom prices, made to be edited by
 * hand too) and `editor-prices.json` (what the editor's setting says); `priceDataFile.ts` has the price data that was fetched.
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
  const text = await readText(path, MAX_CUSTOM_BYTES);
  if (text === undefined) return { entries: [], prices: [], problems: [] };
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch (error) {
    throw new PriceFileError(`${path} is no JSON (${String(error)}). Mend it, or delete it.`);
  }
  if (!Array.isArray(entries)) throw new PriceFileError(`${path} is no list of prices. Mend it, or delete it.`);
  return { entries, ...readCustomPrices(entries) };
}

export async function writeCustomPriceFile(folder: string, entries: readonly unknown[]): Promise<void> {
  const lines = entries.map((entry) => `  ${JSON.stringify(entry)}`);
  await writeWhole(customPricesPath(folder), lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`);
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
  const text = await readText(path, MAX_CUSTOM_BYTES);
  if (text === undefined) return { editor: undefined, prices: [], problems: [] };
  let file: { editor?: unknown; prices?: unknown } | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    file = null;
  }
  if (typeof file?.editor !== 'string' || !Array.isArray(file.prices)) {
    throw new PriceFileError(
      `${path} is not what an editor wrote. Delete it: the editor writes it again at its start.`,
    );
  }
  return { editor: file.editor, ...readCustomPrices(file.prices) };
}

/**
 * Makes what an editor's setting says known to everybody who reads this folder. There is one such list: of several editors
 * that have prices in their settings, the one that told its own last counts. An editor without any takes back only its own.
 * @param editor tells this editor from others, in words for people.
 * @returns the other editor whose prices counted until now, where that had some.
 */
export async function keepEditorPrices(
  folder: string,
  editor: string,
  prices: readonly CustomPrice[],
): Promise<string | undefined> {
  let before: EditorPriceFile | undefined;
  try {
    before = await readEditorPriceFile(folder);
  } catch (error) {
    if (!(error instanceof PriceFileError)) throw error;
    // Nothing of a person's own is in it: what the setting says takes its place.
  }
  const isOwn = before === undefined || before.editor === editor;
  if (before !== undefined && JSON.stringify(before.prices) === JSON.stringify(prices)) return undefined;
  if (prices.length === 0 && !isOwn) return undefined;
  const about = 'The setting llmSpend.prices of an editor, which writes this file. Change it there.';
  await writeWhole(editorPricesPath(folder), `${JSON.stringify({ about, editor, prices }, undefined, 2)}\n`);
  return isOwn || before?.prices.length === 0 ? undefined : before?.editor;
}

/** undefined: there is no such file. @throws {PriceFileError} when it cannot be read. */
export async function readText(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > maxBytes) throw new PriceFileError(`${path} is too large for prices.`);
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof PriceFileError) throw error;
    throw new PriceFileError(`${path} cannot be read (${code ?? String(error)}).`);
  }
}

/** Whole and durable, or not at all. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}
