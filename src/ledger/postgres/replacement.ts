import type { StoredElement, UpsertResult } from '../results.ts';
import type { ReplacePlan } from '../store.ts';
import { keyOfId, rowOf, tryRecord } from './rows.ts';
import type { NewRow } from './insertion.ts';
import type { LedgerWrite, StoredRow } from './writing.ts';

/** A plan asked for a record that was not read yet. */
class NotRead extends Error {
  readonly key: string;
  constructor(key: string) {
    super('a record has to be read first');
    this.key = key;
  }
}

/**
 * Adds and replaces records as planned: see {@link Store.replace}.
 * @param undoableAt time of the change, ISO 8601, if undo must be able to restore the replaced records.
 */
export async function replacePlanned(
  write: LedgerWrite,
  plan: ReplacePlan,
  undoableAt: string | undefined,
): Promise<UpsertResult> {
  const known = new Map<string, StoredRow | undefined>();
  const read = async (ids: readonly string[]): Promise<void> => {
    const keys = ids.map(keyOfId).filter((key) => !known.has(key));
    const found = keys.length > 0 ? await write.find(keys) : new Map<string, StoredRow>();
    for (const key of keys) known.set(key, found.get(key));
  };
  await read(plan.ids ?? []);
  const wanted = await planned(plan, known, read);
  const last = new Map(wanted.map((each) => [keyOfId(each.record.usage_id), each]));
  await read(wanted.map(({ record }) => record.usage_id));
  const replaced = [...last.keys()].flatMap((key) => known.get(key) ?? []);
  if (undoableAt !== undefined && replaced.length > 0) await write.keep('replace', undoableAt, replaced);
  await write.remove(replaced);
  const rows = [...last].map(([key, { record, text }]): NewRow => {
    const seq = known.get(key)?.seq;
    return { row: rowOf(record, text), ...(seq === undefined ? {} : { seq }) };
  });
  if (rows.length > 0) await write.insert(rows);
  return { added: rows.length - replaced.length, replaced: replaced.length };
}

/** Runs the plan, which is pure, again whenever it asks for a record that was not read yet. */
async function planned(
  plan: ReplacePlan,
  known: ReadonlyMap<string, StoredRow | undefined>,
  read: (ids: readonly string[]) => Promise<void>,
): Promise<readonly StoredElement[]> {
  for (;;) {
    const missing: string[] = [];
    try {
      return plan((usageId) => {
        const key = keyOfId(usageId);
        if (!known.has(key)) {
          missing.push(usageId);
          throw new NotRead(key);
        }
        const row = known.get(key);
        const record = row && tryRecord(key, row.text);
        return record && { record, text: row.text };
      });
    } catch (error) {
      if (!(error instanceof NotRead)) throw error;
      await read(missing);
    }
  }
}
