import { LedgerError } from '../results.ts';
import { UsageError } from '../../usage/record.ts';
import type { PostgresAddress } from './server/address.ts';
import { PostgresConnection, type Sql } from './server/connection.ts';
import { explained, sqlState, type SqlRow } from './server/engine.ts';
import { checkVersion, createSchema, isMissingSchema, OutdatedTables, upgradeSchema } from './schema.ts';
import { LedgerWrite, type LockedLedger } from './writing.ts';

/** The ledger's row: see `schema.ts`. */
export interface LedgerRow {
  seq: number;
  epoch: number;
  records: number;
  /** ms since the epoch, by the server's clock. */
  changedAt: number;
  /** Number of rows that are not usage records, at most {@link MOST_FOREIGN}. */
  foreign: number;
}

const MOST_FOREIGN = 100;

/** Reads and writes one ledger of a database; makes the tables before the first write. */
export class LedgerAccess {
  readonly address: PostgresAddress;
  readonly connection: PostgresConnection;
  readonly #now: () => number;

  constructor(address: PostgresAddress, now: () => number) {
    this.address = address;
    this.connection = new PostgresConnection(address);
    this.#now = now;
  }

  get ledgerId(): string {
    return this.address.ledgerId;
  }

  /** Returns undefined when the ledger does not exist yet. */
  ledgerRow(): Promise<LedgerRow | undefined> {
    return this.orMissing(async () => {
      const [row] = await this.#readRow();
      if (row === undefined) return undefined;
      checkVersion(Number(row['version']), this.address.place);
      return {
        seq: Number(row['seq']),
        epoch: Number(row['epoch']),
        records: Number(row['records']),
        changedAt: Number(row['changed_ms']),
        foreign: Number(row['foreign_rows']),
      };
    });
  }

  /** Runs `read`; returns undefined when there are no tables yet. */
  orMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
    return explained(this.address, async () => {
      try {
        return await this.#upToDate(read);
      } catch (error) {
        if (isMissingSchema(error)) return undefined;
        throw error;
      }
    });
  }

  /** Runs `work`, again after an update of the tables when they are those of an older version. */
  async #upToDate<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OutdatedTables)) throw error;
      await upgradeSchema(this.connection, error.version, this.address.place);
      return work();
    }
  }

  /**
   * Changes the ledger in one transaction, alone. `work` may run several times.
   * @param isLong whether it works on all records.
   * @throws {LedgerError} when it fails, and errors of ours that `work` throws. Then nothing was changed.
   */
  write<T>(work: (write: LedgerWrite) => Promise<T>, isLong = false): Promise<T> {
    const attempt = (): Promise<T> => {
      let locked: LockedLedger;
      return this.connection.write<T>({
        isLong,
        lock: async (sql) => {
          locked = await this.#lock(sql);
        },
        work: async (sql) => {
          const write = new LedgerWrite(sql, locked);
          const result = await work(write);
          await write.finish();
          return result;
        },
        note: (sql, writeId) => noteWrite(sql, this.ledgerId, writeId),
        isNoted: async (sql, writeId) => {
          const found = await sql('SELECT 1 FROM llm_spend.write_log WHERE ledger_id = $1 AND write_id = $2', [
            this.ledgerId,
            writeId,
          ]);
          return found.length > 0;
        },
      });
    };
    return explained(this.address, async () => {
      try {
        return await this.#upToDate(attempt);
      } catch (error) {
        if (error instanceof UsageError || error instanceof LedgerError || !isMissingSchema(error)) throw error;
        await createSchema(this.connection, this.#now());
        return attempt();
      }
    });
  }

  async #readRow(): Promise<SqlRow[]> {
    const select = (foreign: string): Promise<SqlRow[]> =>
      this.connection.read(
        `SELECT l.seq, l.epoch, l.records, CAST(extract(epoch FROM l.changed_at) * 1000 AS BIGINT) AS changed_ms,
         (SELECT max(version) FROM llm_spend.schema_version) AS version, ${foreign} AS foreign_rows
         FROM llm_spend.ledger l WHERE l.ledger_id = $1`,
        [this.ledgerId],
      );
    try {
      return await select(
        `(SELECT count(*) FROM (SELECT 1 FROM llm_spend.record
          WHERE ledger_id = $1 AND series_id = '' LIMIT ${MOST_FOREIGN}) AS f)`,
      );
    } catch (error) {
      // A reader sees sums, and no records.
      if (sqlState(error) === '42501') return select('0');
      throw error;
    }
  }

  async #lock(sql: Sql): Promise<LockedLedger> {
    for (;;) {
      const [row] = await sql(
        `SELECT seq, change_id, (SELECT max(version) FROM llm_spend.schema_version) AS version
         FROM llm_spend.ledger WHERE ledger_id = $1 FOR UPDATE`,
        [this.ledgerId],
      );
      if (row !== undefined) {
        checkVersion(Number(row['version']), this.address.place);
        return { ledgerId: this.ledgerId, seq: Number(row['seq']), changeId: Number(row['change_id']) };
      }
      await sql('INSERT INTO llm_spend.ledger (ledger_id) VALUES ($1) ON CONFLICT (ledger_id) DO NOTHING', [
        this.ledgerId,
      ]);
    }
  }
}

/** One write in so many drops old ids. */
const PRUNING = 200;

async function noteWrite(sql: Sql, ledgerId: string, writeId: string): Promise<void> {
  await sql('INSERT INTO llm_spend.write_log (ledger_id, write_id) VALUES ($1, $2)', [ledgerId, writeId]);
  if (Math.random() < 1 / PRUNING) {
    await sql("DELETE FROM llm_spend.write_log WHERE ledger_id = $1 AND at < now() - INTERVAL '1 hour'", [ledgerId]);
  }
}
