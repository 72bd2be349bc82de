import { nextTurn } from '../../system/turns.ts';
import type { StoredElement } from '../results.ts';
import type { LedgerAccess } from './access.ts';
import { idOfRow, keyOfId, tryRecord } from './rows.ts';
import { storedRow, type StoredRow } from './writing.ts';

const ROWS_AT_ONCE = 1_000;

/** All counted rows of a ledger in the order of their addition, some thousand at a time. */
export async function* storedRows(access: LedgerAccess, after = -1): AsyncGenerator<StoredRow[]> {
  let last = after;
  for (;;) {
    const rows = await access.orMissing(() =>
      access.connection.read(
        `SELECT usage_key, sender, time_ms, seq, text FROM llm_spend.record
         WHERE ledger_id = $1 AND seq > $2 AND counts AND series_id <> '' ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
        [access.ledgerId, last],
      ),
    );
    if (rows === undefined || rows.length === 0) return;
    const stored = rows.map(storedRow);
    last = stored.at(-1)!.seq;
    yield stored;
    await nextTurn();
  }
}

/** All records with their text, in the order of their addition. */
export async function* elementsOfLedger(access: LedgerAccess): AsyncGenerator<StoredElement[]> {
  for await (const rows of storedRows(access)) {
    yield rows.flatMap(({ key, text }) => {
      const record = tryRecord(key, text);
      return record ? [{ record, text }] : [];
    });
  }
}

/** The ids of the counted records with numbers above `seq`. */
export async function* idsAfterSeq(access: LedgerAccess, seq: number): AsyncGenerator<string[]> {
  for await (const rows of storedRows(access, seq)) yield rows.map(({ key, text }) => idOfRow(key, text));
}

/** The ids among `ids` that the ledger contains. */
export async function heldIds(access: LedgerAccess, ids: readonly string[]): Promise<Set<string>> {
  const byKey = new Map(ids.map((id) => [keyOfId(id), id]));
  if (byKey.size === 0) return new Set();
  const rows = await access.orMissing(() =>
    access.connection.read(
      'SELECT usage_key FROM llm_spend.usage_key WHERE ledger_id = $1 AND usage_key = ANY($2::TEXT[]) AND counts',
      [access.ledgerId, [...byKey.keys()]],
    ),
  );
  return new Set((rows ?? []).flatMap((row) => byKey.get(row['usage_key']!) ?? []));
}
