import { globMatches } from '../pricing/glob.ts';
import { expandedFolder, shortFolder } from '../system/paths.ts';
import { remoteName } from '../system/remoteName.ts';
import { fieldsWith, type FieldName } from '../usage/fieldLists.ts';
import type { UsageRecord } from '../usage/record.ts';
import { brokenRule } from '../usage/rules.ts';
import type { Repositories } from './repository.ts';

/**
 * A rule of the user: which calls it is about, and what to fill in. `assign.ts` applies rules, `ruleFile.ts` keeps them.
 */
export interface AssignmentRule {
  name: string;
  /** All of these must match. Patterns with `*` and `?`, upper and lower case alike. */
  when: Partial<Record<RuleCondition, string>>;
  /** New values by field, for example `{ account: 'acme', tags: ['client'] }`. */
  set: RuleValues;
}

export const RULE_CONDITIONS = ['folder', 'repository', 'branch', 'source', 'model', 'provider'] as const;
export type RuleCondition = (typeof RULE_CONDITIONS)[number];

/** The fields that a rule may set. */
export const ASSIGNED_FIELDS = fieldsWith(({ assigned }) => assigned === true);
/** By field; lists for tags, texts for all others. */
export type RuleValues = Partial<Record<FieldName, unknown>>;

/** @throws {Error} when an entry of the file is no rule; the message says why. */
export function checkedAssignment(entry: unknown): AssignmentRule {
  if (!isObject(entry)) throw new Error('a rule must be an object');
  const { name, when, set, ...rest } = entry;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`${JSON.stringify(unknown)} is no member of a rule`);
  if (typeof name !== 'string' || name.trim() === '') throw new Error('name must be a text');
  return { name, when: checkedConditions(when), set: checkedValues(set) };
}

function checkedConditions(when: unknown): AssignmentRule['when'] {
  if (!isObject(when)) throw new Error('when must be an object');
  for (const [name, pattern] of Object.entries(when)) {
    if (!RULE_CONDITIONS.some((each) => each === name)) {
      throw new Error(`when.${name} is no condition; there are ${RULE_CONDITIONS.join(', ')}`);
    }
    if (typeof pattern !== 'string' || pattern.trim() === '') throw new Error(`when.${name} must be a text`);
  }
  if (Object.keys(when).length === 0) throw new Error(`when needs at least one of ${RULE_CONDITIONS.join(', ')}`);
  return when;
}

/** The fields that a record needs beside those of a rule, so that their validation can be asked. */
const REQUIRED = { provider: 'p', model: 'm', operation: 'o' };

function checkedValues(set: unknown): RuleValues {
  if (!isObject(set)) throw new Error('set must be an object');
  for (const [name, value] of Object.entries(set)) {
    if (!ASSIGNED_FIELDS.some((field) => field === name)) {
      throw new Error(`set.${name} is not set by rules; they set ${ASSIGNED_FIELDS.join(', ')}`);
    }
    if (value === null || value === '') throw new Error(`set.${name} must not be empty`);
  }
  if (Object.keys(set).length === 0) throw new Error(`set needs at least one of ${ASSIGNED_FIELDS.join(', ')}`);
  const broken = brokenRule({ ...REQUIRED, ...set });
  if (broken !== undefined) throw new Error(`set.${broken.message}`);
  return set;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The facts of a call that rules ask about. */
export interface RuleFacts {
  record: UsageRecord;
  /** The working folder, for a record that names none. */
  folder?: string | undefined;
  repositories: Repositories;
}

/** Whether a rule is about this call. A fact that is not known matches no pattern. */
export function isAbout({ when }: AssignmentRule, facts: RuleFacts): boolean {
  return Object.entries(when).every(([condition, pattern]) => MATCHES[condition as RuleCondition](pattern, facts));
}

const MATCHES: Readonly<Record<RuleCondition, (pattern: string, facts: RuleFacts) => boolean>> = {
  folder: (pattern, facts) => {
    const folder = folderOf(facts);
    return folder !== undefined && isFolderWithin(pattern, folder);
  },
  repository: (pattern, facts) => {
    const folder = folderOf(facts);
    const repository = folder === undefined ? undefined : facts.repositories.of(expandedFolder(folder));
    const wanted = remoteName(pattern) ?? pattern.trim().replace(/\/+$|\.git\/*$/i, '');
    return repository !== undefined && (globMatches(wanted, repository) || globMatches(`*/${wanted}`, repository));
  },
  branch: (pattern, { record }) => matchesText(pattern, record.branch),
  source: (pattern, { record }) =>
    [record.source, record.source?.replace(OBSERVED, ''), record['agent']].some((name) => matchesText(pattern, name)),
  model: (pattern, { record }) => matchesText(pattern, record.model),
  provider: (pattern, { record }) => matchesText(pattern, record.provider),
};

function folderOf({ record, folder }: RuleFacts): string | undefined {
  const own = record['folder'];
  return typeof own === 'string' && own !== '' ? own : folder;
}

/** The folder itself or one below it. `~/work/acme` and `/home/me/work/acme/` are the same. */
function isFolderWithin(pattern: string, folder: string): boolean {
  const wanted = comparable(pattern);
  const given = comparable(folder);
  return globMatches(wanted, given) || globMatches(`${wanted}/*`, given);
}

function comparable(folder: string): string {
  return shortFolder(folder).replaceAll('\\', '/').replace(/\/+$/, '');
}

function matchesText(pattern: string, text: unknown): boolean {
  return typeof text === 'string' && text !== '' && globMatches(pattern, text);
}

/** Endings of `source` in records that were read from logs or received live. */
const OBSERVED = /-(log|csv|otel)$/;
/** Such sources with other names. */
const OBSERVED_SOURCES: ReadonlySet<unknown> = new Set(['otel', 'file', 'litellm']);

/** Whether we found the call in a log or received it live, rather than a program or person having recorded it. */
export function isObserved({ source }: UsageRecord): boolean {
  return OBSERVED.test(source ?? '') || OBSERVED_SOURCES.has(source);
}
