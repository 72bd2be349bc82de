import { readFile, stat } from 'node:fs/promises';
import { readDisplayCurrency, type DisplayCurrency } from '../../pricing/currency.ts';
import { shown } from './arguments.ts';
import { usageError } from '../output/exit.ts';
import { t } from '../language/text.ts';

const FLAG = '--currency';
const MAX_BYTES = 10_000_000;

/**
 * Parses the currency to show costs in: `EUR=0.92` (units per USD), or a file with the content of the editor's setting
 * `llmSpend.currency`, a single rate or dated rates.
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
  const rule = t`must be a rate such as EUR=0.92 (units per USD), or a file of rates`;
  try {
    if ((await stat(path)).size > MAX_BYTES)
      throw usageError(t`${FLAG}: ${shown(path)} is too large for a file of rates.`, FLAG);
    return JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw usageError(t`${FLAG}: ${shown(path)} is not valid JSON (${error.message}).`, FLAG);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = code === 'ENOENT' ? t`the file does not exist` : code;
    throw usageError(t`${FLAG}: ${rule} (got ${shown(path)}; ${why}).`, FLAG);
  }
}
