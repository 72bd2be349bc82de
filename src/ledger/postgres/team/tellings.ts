import type { NewRow } from '../insertion.ts';
import { recordOfRow, rowOf, type ColumnRow } from '../rows.ts';
import { storedRow, type LedgerWrite, type StoredRow } from '../writing.ts';

/**
 * The ledger of a team is the union of what its machines send. If several send the same usage, each one's row is kept, and one of
 * them counts: that with the highest revision, then with the highest sender. So the order of arrival does not matter, and when a
 * machine withdraws its row, another one's counts.
 */

/** A record that a machine sends. */
export interface OutgoingRow {
  row: ColumnRow;
  /** A hash of what the machine sends, below 2^48. */
  digest: number;
}

interface Telling extends Omit<StoredRow, 'text'> {
  /** undefined if row-level security hides the row of another member. */
  text: string | undefined;
  counts: boolean;
  revision: number;
  digest: number;
}

/** Stores and withdraws records of one machine in one transaction. @returns the number of rows written and removed. */
export async function storeTellings(
  write: LedgerWrite,
  sender: string,
  sent: readonly OutgoingRow[],
  withdrawn: readonly string[],
): Promise<{ stored: number; removed: number }> {
  const byKey = new Map(sent.map((each) => [each.row.key, each]));
  const there = await findTellings(write, [...byKey.keys(), ...withdrawn]);
  const dropped: Telling[] = [];
  const added: NewRow[] = [];
  const uncounted: Telling[] = [];
  const counted: Telling[] = [];
  for (const key of new Set([...byKey.keys(), ...withdrawn])) {
    const all = there.get(key) ?? [];
    const own = all.find((each) => each.sender === sender);
    const telling = byKey.get(key);
    if (own?.digest === telling?.digest) continue;
    const others = all.filter((each) => each !== own);
    const next = telling && { sender, revision: own ? own.revision + 1 : 0 };
    const winner = winnerOf(others, next);
    if (own) dropped.push(own);
    for (const other of others) {
      if (other.counts && other !== winner) uncounted.push(other);
      if (!other.counts && other === winner) counted.push(other);
    }
    if (telling && next) {
      const { row, digest } = telling;
      const seq = own?.timeMs === row.timeMs ? { seq: own.seq } : {};
      added.push({ row, sender, digest, revision: next.revision, counts: winner === next, ...seq });
    }
  }
  await dropTellings(write, dropped);
  await setCounts(write, uncounted, false);
  if (added.length > 0) await write.insert(added);
  await setCounts(write, counted, true);
  return { stored: added.length, removed: dropped.length - added.filter(({ revision }) => revision !== 0).length };
}

/** A row that is hidden from us keeps counting if it does, because we cannot change it. */
function winnerOf<T extends Pick<Telling, 'sender' | 'revision'>>(
  others: readonly Telling[],
  next: T | undefined,
): Telling | T | undefined {
  const hidden = others.find(({ text, counts }) => text === undefined && counts);
  if (hidden) return hidden;
  const visible: (Telling | T)[] = others.filter(({ text }) => text !== undefined);
  if (next) visible.push(next);
  return visible.sort((a, b) => b.revision - a.revision || (a.sender < b.sender ? 1 : -1))[0];
}

async function findTellings(write: LedgerWrite, keys: readonly string[]): Promise<Map<string, Telling[]>> {
  const found = new Map<string, Telling[]>();
  if (keys.length === 0) return found;
  const rows = await write.sql(
    `SELECT k.usage_key, k.sender, k.time_ms, k.seq, k.counts, k.revision, k.digest, r.text
     FROM llm_spend.usage_key k LEFT JOIN llm_spend.record r
     ON r.ledger_id = k.ledger_id AND r.time_ms = k.time_ms AND r.seq = k.seq
     WHERE k.ledger_id = $1 AND k.usage_key = ANY($2::TEXT[])`,
    [write.ledgerId, keys],
  );
  for (const row of rows) {
    const telling: Telling = {
      ...storedRow(row),
      text: row['text'] ?? undefined,
      counts: row['counts'] === 't',
      revision: Number(row['revision']),
      digest: Number(row['digest']),
    };
    found.set(telling.key, [...(found.get(telling.key) ?? []), telling]);
  }
  return found;
}

async function dropTellings(write: LedgerWrite, rows: readonly Telling[]): Promise<void> {
  for (const row of rows) if (row.counts) write.recount(rowFrom(row), -1);
  await write.deleteRows(rows);
}

async function setCounts(write: LedgerWrite, rows: readonly Telling[], counts: boolean): Promise<void> {
  if (rows.length === 0) return;
  for (const row of rows) write.recount(rowFrom(row), counts ? 1 : -1);
  for (const table of ['usage_key', 'record']) {
    await write.sql(
      `UPDATE llm_spend.${table} t SET counts = $2 FROM unnest($3::BIGINT[], $4::BIGINT[]) AS d(time_ms, seq)
       WHERE t.ledger_id = $1 AND t.time_ms = d.time_ms AND t.seq = d.seq`,
      [write.ledgerId, counts, rows.map(({ timeMs }) => timeMs), rows.map(({ seq }) => seq)],
    );
  }
}

/** Makes rows of a machine count whose counting row was withdrawn by a member from whom they are hidden. */
export async function claimOrphans(write: LedgerWrite, sender: string): Promise<number> {
  const rows = await write.sql(
    `SELECT k.usage_key FROM llm_spend.usage_key k WHERE k.ledger_id = $1 AND k.sender = $2 AND NOT k.counts
     AND NOT EXISTS (SELECT 1 FROM llm_spend.usage_key o
     WHERE o.ledger_id = k.ledger_id AND o.usage_key = k.usage_key AND o.counts)`,
    [write.ledgerId, sender],
  );
  const all = await findTellings(
    write,
    rows.map((row) => row['usage_key']!),
  );
  const own = [...all.values()].flat().filter((each) => each.sender === sender && each.text !== undefined);
  await setCounts(write, own, true);
  return own.length;
}

function rowFrom({ key, text }: Telling): ColumnRow {
  return { ...rowOf(recordOfRow(key, text!), text!), key };
}
