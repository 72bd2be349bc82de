import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { UpsertPlan } from '../../ledger/results.ts';
import { sqliteEngine } from '../../ledger/sqlite/engine.ts';
import { storeKind } from '../../system/paths.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { merged } from '../joining.ts';
import type { Lookup, Source } from '../source.ts';
import type { ImportOptions, ImportReport } from './options.ts';

/** Computes the records to store from those already stored. */
export type Plan = (get: Lookup) => readonly UsageRecord[];

/**
 * A plan by the rule of a source, independent of the order of the records.
 * @param onPlanned called with each result.
 */
export function planOf(
  source: Pick<Source, 'settle'>,
  records: readonly UsageRecord[],
  onPlanned?: (wanted: readonly UsageRecord[]) => void,
): UpsertPlan {
  const plan: UpsertPlan = (get) => {
    const settled = new Map<string, UsageRecord>();
    const lookup: Lookup = (id) => settled.get(id) ?? get(id);
    for (const record of records) {
      const there = lookup(record.usage_id);
      const joined = joinedRecord(record, there);
      if (joined !== undefined) {
        if (!isDeepStrictEqual(joined, there)) settled.set(joined.usage_id, joined);
        continue;
      }
      for (const each of source.settle(record, lookup)) settled.set(each.usage_id, each);
      const located = withFolder(lookup(record.usage_id), record);
      if (located !== undefined) settled.set(located.usage_id, located);
    }
    const wanted = [...settled.values()];
    onPlanned?.(wanted);
    return wanted;
  };
  plan.ids = records.map(({ usage_id }) => usage_id);
  return plan;
}

/** A record that was imported before records had folders, with the folder of its log; undefined for any other. */
function withFolder(there: UsageRecord | undefined, record: UsageRecord): UsageRecord | undefined {
  const { folder } = record;
  if (there === undefined || folder === undefined || there['folder'] !== undefined) return undefined;
  return there.session_id === record.session_id ? { ...there, folder } : undefined;
}

/** The record for a report if it or the stored record joins a log with a live report; undefined where neither does. */
function joinedRecord(record: UsageRecord, there: UsageRecord | undefined): UsageRecord | undefined {
  if (record['confirmed_by'] !== undefined) return record;
  return there?.['confirmed_by'] === undefined ? undefined : merged(there, record);
}

/** Counts the records that an import would store, without storing any. */
export class DryRun {
  readonly #options: Pick<ImportOptions, 'path' | 'ledger'>;
  readonly #report: Pick<ImportReport, 'added' | 'updated' | 'unpriced'>;
  /** Records that would have been stored so far. */
  readonly #planned = new Map<string, UsageRecord>();

  constructor(
    options: Pick<ImportOptions, 'path' | 'ledger'>,
    report: Pick<ImportReport, 'added' | 'updated' | 'unpriced'>,
  ) {
    this.#options = options;
    this.#report = report;
  }

  /** Counts the results of a plan. Nothing is stored, so the records of earlier plans must be remembered here. */
  async count(plan: Plan): Promise<void> {
    const { path, ledger: open } = this.#options;
    // A missing database need not be opened; a JSON ledger's records may still be in a journal.
    const isMissing = storeKind(path) === 'sqlite' && statSync(path, { throwIfNoEntry: false }) === undefined;
    if (isMissing) sqliteEngine();
    const ledger = isMissing ? undefined : await open();
    const look = (get: Lookup): void => {
      for (const record of plan((id) => this.#planned.get(id) ?? get(id))) {
        const before = this.#planned.get(record.usage_id);
        this.#planned.set(record.usage_id, record);
        if (before?.cost_known === false) this.#report.unpriced--;
        if (!record.cost_known) this.#report.unpriced++;
        if (before !== undefined) continue;
        if (get(record.usage_id) === undefined) this.#report.added++;
        else this.#report.updated++;
      }
    };
    if (ledger === undefined || (await ledger.refresh()).health === 'missing') return look(() => undefined);
    await ledger.upsert((get) => {
      look(get);
      return [];
    });
  }
}
