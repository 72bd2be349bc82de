import { UsageError, type UsageRecord } from '../../../usage/record.ts';
import { isUnreadable, readStored } from '../../../usage/stored.ts';
import { LedgerAccess } from '../access.ts';
import { parseAddress } from '../server/address.ts';
import { rowOf } from '../rows.ts';
import { claimOrphans, storeTellings, type OutgoingRow } from './tellings.ts';

/** A count of rows and the sum of their digests: equal for equal sets of rows, whatever their order. */
export interface SetDigest {
  records: number;
  digest: bigint;
}

const DAY_MS = 86_400_000;

/** The UTC day of a time, in days since the epoch. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** The ledger of a team, as one machine sends to it. All methods throw a `LedgerError` when the server cannot be used. */
export class TeamLedger {
  readonly name: string;
  readonly #access: LedgerAccess;
  readonly #sender: string;

  /** @param sender the id of this machine in the ledger. */
  constructor(url: string, sender: string, now: () => number = Date.now) {
    const address = parseAddress(url);
    this.name = address.name;
    this.#access = new LedgerAccess(address, now);
    this.#sender = sender;
  }

  /** The rows that the server has of this machine, by UTC day. */
  async digests(): Promise<Map<number, SetDigest>> {
    const rows = await this.#access.orMissing(() =>
      this.#access.connection.read(
        `SELECT CAST(floor(time_ms / ${DAY_MS}.0) AS BIGINT) AS day, count(*) AS records, sum(digest) AS digest
         FROM llm_spend.usage_key WHERE ledger_id = $1 AND sender = $2 GROUP BY 1`,
        [this.#access.ledgerId, this.#sender],
      ),
    );
    return new Map(
      (rows ?? []).map((row) => [
        Number(row['day']),
        { records: Number(row['records']), digest: BigInt(row['digest']!) },
      ]),
    );
  }

  /** The digest of each row that the server has of this machine on these days, by key. */
  async rowsOf(days: readonly number[]): Promise<Map<string, number>> {
    const rows = await this.#access.orMissing(() =>
      this.#access.connection.read(
        `SELECT k.usage_key, k.digest FROM unnest($3::BIGINT[]) AS d(day) JOIN llm_spend.usage_key k
         ON k.ledger_id = $1 AND k.sender = $2 AND k.time_ms >= d.day * ${DAY_MS} AND k.time_ms < (d.day + 1) * ${DAY_MS}`,
        [this.#access.ledgerId, this.#sender, days],
      ),
    );
    return new Map((rows ?? []).map((row) => [row['usage_key']!, Number(row['digest'])]));
  }

  /** Stores and withdraws records in one transaction. Repeating it changes nothing. @param withdrawn keys. */
  send(sent: readonly OutgoingRow[], withdrawn: readonly string[]): Promise<{ stored: number; removed: number }> {
    return this.#access.write((write) => storeTellings(write, this.#sender, sent, withdrawn));
  }

  /** Counts rows of this machine that another member's withdrawal left without one that counts. */
  async claim(): Promise<number> {
    if ((await this.#access.ledgerRow()) === undefined) return 0;
    return this.#access.write((write) => claimOrphans(write, this.#sender));
  }

  close(): Promise<void> {
    return this.#access.connection.close();
  }
}

/**
 * The row of a record as it is sent: its columns are those of its text, as every reader finds it.
 * @param record the record that `text` contains. Fields that it lacks get their defaults.
 * @throws {UsageError} when no ledger in PostgreSQL can store it.
 */
export function sentRecord(record: UsageRecord, text: string, digest: number): OutgoingRow {
  const read = readStored(record, () => record.usage_id);
  if (isUnreadable(read))
    throw new UsageError('usage_id', record.usage_id, `is not a usage record: ${read.unreadable}`);
  return { row: rowOf(read, text), digest };
}
