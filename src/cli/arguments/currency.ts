import { readFile, stat } from 'node:fs/promises';
import { readDisplayCurrency, type DisplayCurrency } from '../../pricing/currency.ts';
import { shown } from './arguments.ts';
import { usageError } from '../output/exit.ts';

const FLAG = '--currency';
const MAX_BYTES = 10_000_000;

/**
 * What costs are shown in: `EUR=0.92` (units for one USD), or a file of what the editor's setting `llmSpend.currency` says,
 * one rate or dated ones.
 * @throws {CliError} when it is neither.
 */
export async function displayCurrency(value: string): Promise<DisplayCurrency> {
  const [, currency, rate] = /^([A-Za-z]{3})=(.*)$/s.exec(value) ?? [];
  const setting = currency === undefined ? await readSetting(value) : { currency: currency.toUpperCase(), rate };
  const read = readDisplayCurrency(setting);
  if (!('problem' in read)) return read;
  const place = currency === undefined ? `${shown(value)}: ` : '';
  throw usageError(`${FLAG}: ${place}${read.problem}.`, FLAG);
}

async function readSetting(path: string): Promise<unknown> {
  const rule = 'must be a rate, as EUR=0.92 (units for one USD), or a file of rates';
  try {
    if ((await stat(path)).size > MAX_BYTES) throw usageError(`${FLAG}: ${shown(path)} is too large for rates.`, FLAG);
    return JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) throw usageError(`${FLAG}: ${shown(path)} is no JSON (${error.message}).`, FLAG);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = code === 'ENOENT' ? 'there is no such file' : code;
    throw usageError(`${FLAG}: ${rule} (got ${shown(path)}; ${why}).`, FLAG);
  }
}
