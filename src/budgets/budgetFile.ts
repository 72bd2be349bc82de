import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entryLines, lineOfJsonError } from '../ledger/json/elements.ts';
import { notWritten } from '../prices/files.ts';
import { updateFile } from '../system/atomicFile.ts';
import { errno } from '../system/errno.ts';
import { defaultLedgerPath } from '../system/paths.ts';
import { checkedBudget, type Budget } from './budget.ts';

/**
 * `budgets.json` in the config folder: the one place of budgets for the editor, the command, the library and hooks. A JSON array
 * that people may edit by hand.
 */

export function budgetsPath(folder: string = dirname(defaultLedgerPath())): string {
  return join(folder, 'budgets.json');
}

/** A file of budgets that cannot be used as a whole: which, why, and what to do. */
export class BudgetFileError extends Error {
  override readonly name = 'BudgetFileError';
}

export interface BudgetFile {
  budgets: Budget[];
  /** Entries that cannot be used, each as a sentence that names its line. The others count. */
  problems: string[];
}

/** No file is no budgets. @throws {BudgetFileError} when the file cannot be read or is no JSON array. */
export function readBudgets(path: string = budgetsPath()): BudgetFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT') return { budgets: [], problems: [] };
    throw new BudgetFileError(`${path} cannot be read: ${(error as Error).message}.`);
  }
  return budgetsIn(path, text);
}

function budgetsIn(path: string, text: string): BudgetFile {
  const entries = entriesIn(path, text);
  const budgets: Budget[] = [];
  const problems: string[] = [];
  for (const [index, entry] of entries.entries()) {
    try {
      const budget = checkedBudget(entry);
      if (budgets.some(({ name }) => name === budget.name))
        throw new Error(`another budget has the name ${budget.name}`);
      budgets.push(budget);
    } catch (error) {
      problems.push(
        `${path}, line ${entryLines(text, 0)[index]}: ${(error as Error).message}. Correct it, or remove the entry.`,
      );
    }
  }
  return { budgets, problems };
}

function entriesIn(path: string, text: string): unknown[] {
  let entries: unknown;
  try {
    // A file that was cut to nothing must not look like one without budgets.
    if (text.trim() === '') throw new BudgetFileError(`${path} is empty. Correct it, or delete it.`);
    entries = JSON.parse(text);
  } catch (error) {
    if (error instanceof BudgetFileError) throw error;
    const line = lineOfJsonError(text, error as Error);
    throw new BudgetFileError(`${path}, line ${line}: this is not valid JSON. Correct it, or delete the file.`);
  }
  if (!Array.isArray(entries)) throw new BudgetFileError(`${path} is not a list of budgets. Correct it, or delete it.`);
  return entries;
}

/**
 * Changes the list, while every other process that changes it waits. Entries that cannot be used stay as they are.
 * @param change is given the entries of the file and returns the new ones.
 * @throws {BudgetFileError} when the file is no list, or cannot be written.
 */
export async function changeBudgets(
  change: (entries: readonly unknown[]) => readonly unknown[],
  path: string = budgetsPath(),
): Promise<void> {
  await updateFile(path, (content) => {
    const entries = change(entriesIn(path, content?.toString('utf8') ?? '[]'));
    const lines = entries.map((entry) => `  ${JSON.stringify(entry)}`);
    return lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`;
  }).catch((error: unknown) => {
    const code = errno(error);
    throw code === undefined ? error : new BudgetFileError(notWritten(path, code));
  });
}
