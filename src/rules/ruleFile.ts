import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entryLines, lineOfJsonError } from '../ledger/json/elements.ts';
import { notWritten } from '../prices/files.ts';
import { updateFile, writeFileAtomically } from '../system/atomicFile.ts';
import { errno } from '../system/errno.ts';
import { defaultLedgerPath } from '../system/paths.ts';
import type { UsageRecord } from '../usage/record.ts';
import { Assigner } from './assign.ts';
import { checkedAssignment, type AssignmentRule } from './rule.ts';

/**
 * `rules.json` in the config folder: `{ "version": 1, "rules": [...] }`, which people may edit by hand. A file with a mistake in it
 * changes nothing: the rules stay in force as they were last valid, from a copy that every process keeps beside it.
 */

export const rulesPath = (folder: string = dirname(defaultLedgerPath())): string => join(folder, 'rules.json');
const lastGoodPath = (path: string): string => join(dirname(path), '.rules.json.good');

const VERSION = 1;

/** A file of rules with a mistake. The message names the file, the line and a remedy. */
export class RuleFileError extends Error {
  override readonly name = 'RuleFileError';
}

/** No file is no rules. @throws {RuleFileError} when any part of the file cannot be used. */
export function readRules(path: string = rulesPath()): AssignmentRule[] {
  return rulesIn(path, textAt(path));
}

/**
 * Changes the list, while every other process that changes it waits.
 * @throws {RuleFileError} when the file has a mistake; it is left as it is.
 */
export async function changeRules(
  change: (rules: readonly AssignmentRule[]) => readonly AssignmentRule[],
  path: string = rulesPath(),
): Promise<void> {
  await updateFile(path, (content) => {
    const lines = change(rulesIn(path, content?.toString('utf8'))).map((rule) => `  ${JSON.stringify(rule)}`);
    return `{ "version": ${VERSION}, "rules": [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n`}] }\n`;
  }).catch((error: unknown) => {
    const code = errno(error);
    throw code === undefined ? error : new RuleFileError(notWritten(path, code));
  });
}

function rulesIn(path: string, text: string | undefined): AssignmentRule[] {
  if (text === undefined || text.trim() === '') return [];
  const fail = (line: number, why: string): never => {
    throw new RuleFileError(`${path}, line ${line}: ${why}. Correct it; until then the rules from before are used.`);
  };
  let file: { version?: unknown; rules?: unknown } | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch (error) {
    return fail(lineOfJsonError(text, error as Error), 'this is not valid JSON');
  }
  const { version, rules } = file ?? {};
  if (typeof version === 'number' && version > VERSION) return fail(1, 'a newer version of LLM Spend wrote this file');
  if (version !== VERSION || !Array.isArray(rules))
    return fail(1, `this is not { "version": ${VERSION}, "rules": [...] }`);
  const checked: AssignmentRule[] = [];
  for (const [index, entry] of (rules as unknown[]).entries()) {
    try {
      const rule = checkedAssignment(entry);
      if (checked.some(({ name }) => name === rule.name)) throw new Error(`another rule has the name ${rule.name}`);
      checked.push(rule);
    } catch (error) {
      return fail(lineOfRule(text, index), (error as Error).message);
    }
  }
  return checked;
}

function lineOfRule(text: string, index: number): number {
  return entryLines(text, text.indexOf('[', text.indexOf('"rules"')))[index] ?? 1;
}

/** @throws {RuleFileError} when the file is there but cannot be read. */
function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
    throw new RuleFileError(`${path} cannot be read (${errno(error) ?? String(error)}).`);
  }
}

/** Changes whenever the file does; empty if there is none. */
function versionOf(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
  } catch (error) {
    // Reading the file meets the same error and names it.
    return `unreadable: ${errno(error) ?? String(error)}`;
  }
}

export interface UserRulesOptions {
  path?: string | undefined;
  /** The working folder, for records without one of their own. */
  folder?: string | undefined;
  /** Called once for each mistake in the file. Default: a warning of the process. */
  warn?: ((message: string) => void) | undefined;
}

/** The rules of the user, for programs that record: follows the file. */
export class UserRules {
  readonly #path: string;
  readonly #folder: string | undefined;
  readonly #warn: (message: string) => void;
  #loaded: { version: string; assigner: Assigner } | undefined;

  constructor({ path = rulesPath(), folder, warn }: UserRulesOptions = {}) {
    this.#path = path;
    this.#folder = folder;
    this.#warn = warn ?? ((message) => process.emitWarning(message, 'LlmSpendWarning'));
  }

  /** The rules as they are now. */
  async current(): Promise<Assigner> {
    const version = versionOf(this.#path);
    if (this.#loaded?.version !== version) {
      const rules = version === '' ? [] : await this.#load();
      this.#loaded = { version, assigner: new Assigner(rules, this.#folder) };
    }
    return this.#loaded.assigner;
  }

  async #load(): Promise<AssignmentRule[]> {
    const good = lastGoodPath(this.#path);
    try {
      const text = textAt(this.#path);
      const rules = rulesIn(this.#path, text);
      if (text !== undefined && text !== textAt(good)) {
        await writeFileAtomically(good, text, { durable: false }).catch(() => undefined);
      }
      return rules;
    } catch (error) {
      if (!(error instanceof RuleFileError)) throw error;
      this.#warn(error.message);
    }
    try {
      return readRules(good);
    } catch {
      return [];
    }
  }
}

/** For {@link LedgerOptions}: fills in what the user's rules say. */
export function assignByUserRules(folder?: string): (records: Iterable<UsageRecord>) => Promise<void> {
  let rules: UserRules | undefined;
  return async (records) => (await (rules ??= new UserRules({ folder })).current()).assign(records);
}
