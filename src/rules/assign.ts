import { fieldRow } from '../usage/fieldLists.ts';
import type { UsageRecord } from '../usage/record.ts';
import { Repositories } from './repository.ts';
import { isAbout, isObserved, type AssignmentRule } from './rule.ts';

/** The values that rules give a record. `by` names the rule of each field. */
export interface Assigned {
  values: Partial<UsageRecord>;
  by: ReadonlyMap<string, string>;
}

/**
 * Applies rules to records. The first rule that sets a field decides it; tags of all rules are added. In a call that was read from a
 * log or received live, rules replace what was found there; in one that a program or person recorded they fill gaps only.
 */
export class Assigner {
  readonly #rules: readonly AssignmentRule[];
  readonly #folder: string | undefined;
  readonly #repositories = new Repositories();

  /** @param folder the working folder, for records without one of their own. */
  constructor(rules: readonly AssignmentRule[], folder?: string) {
    this.#rules = rules;
    this.#folder = folder;
  }

  /** The values that would change; undefined if the record stays as it is. */
  assigned(record: UsageRecord): Assigned | undefined {
    const facts = { record, folder: this.#folder, repositories: this.#repositories };
    const replaces = isObserved(record);
    const values: Partial<UsageRecord> = {};
    const by = new Map<string, string>();
    for (const rule of this.#rules) {
      if (!isAbout(rule, facts)) continue;
      for (const [field, value] of Object.entries(rule.set)) {
        const isList = fieldRow(field)?.rule === 'tags';
        if (isList) addTags(values, record, value as readonly string[]);
        else if (!by.has(field) && (replaces || isEmpty(record[field])))
          (values as Record<string, unknown>)[field] = value;
        if (!by.has(field)) by.set(field, rule.name);
      }
    }
    for (const field of Object.keys(values)) if (values[field] === record[field]) delete values[field];
    return Object.keys(values).length === 0 ? undefined : { values, by };
  }

  /** Changes the records themselves. */
  assign(records: Iterable<UsageRecord>): void {
    if (this.#rules.length === 0) return;
    for (const record of records) Object.assign(record, this.assigned(record)?.values);
  }
}

function addTags(values: Partial<UsageRecord>, record: UsageRecord, more: readonly string[]): void {
  const before = values.tags ?? record.tags ?? [];
  const missing = more.filter((tag) => !before.includes(tag));
  if (missing.length > 0) values.tags = [...before, ...missing];
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
