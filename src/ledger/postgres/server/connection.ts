import { setTimeout as wait } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { randomHex } from '../../../system/random.ts';
import type { PostgresAddress } from './address.ts';
import {
  isConflict,
  isConnectionLost,
  isRefused,
  isUnsupported,
  LONG_STATEMENT_MS,
  openPool,
  runCopy,
  runSql,
  sqlState,
  type SqlRow,
  type SqlValue,
} from './engine.ts';

/** Runs one statement within a transaction. */
export interface Sql {
  (text: string, values?: readonly SqlValue[]): Promise<SqlRow[]>;
  /** Adds rows by COPY: lines of `copyLine`. undefined where the server does not offer it to this user. */
  copy: ((text: string, lines: string) => Promise<void>) | undefined;
}

/** A statement, or work that needs results of statements. */
export type Step = string | ((sql: Sql) => Promise<void>);

/** A write that is repeated when the server or others interrupt it. */
export interface RepeatableWrite<T> {
  /** Locks the rows that the write depends on. */
  lock: (sql: Sql) => Promise<void>;
  /** Runs after `lock`. May run several times, so it must start from the database alone. */
  work: (sql: Sql) => Promise<T>;
  /** Notes the id of the write in the transaction. */
  note: (sql: Sql, writeId: string) => Promise<void>;
  /** Whether a transaction with this id was committed. Runs after `lock`. */
  isNoted: (sql: Sql, writeId: string) => Promise<boolean>;
  /** Whether it works on all records of a ledger. */
  isLong?: boolean | undefined;
}

/** How long a write is repeated while the server cannot be reached, ms. */
const WRITE_MS = 15_000;
const READ_MS = 3_000;
const PAUSE_MS = { first: 20, longest: 800 };

/** A connection that was lost is replaced; transactions are repeated where that is safe. */
export class PostgresConnection {
  readonly address: PostgresAddress;
  #pool: Pool | undefined;
  #wasConnected = false;
  #closed = false;
  /** Until the server refuses it. */
  #offersCopy = true;

  constructor(address: PostgresAddress) {
    this.address = address;
  }

  /** Runs one statement that only reads. */
  read(text: string, values: readonly SqlValue[] = []): Promise<SqlRow[]> {
    return this.#repeat(READ_MS, () => this.#with((client) => runSql(client, text, values)));
  }

  /** Runs one statement that changes nothing more when it is repeated. */
  change(text: string, values: readonly SqlValue[] = []): Promise<SqlRow[]> {
    return this.read(text, values);
  }

  /** Runs statements that all read the same state. @param isLong whether they read all records of a ledger. */
  snapshot<T>(work: (sql: Sql) => Promise<T>, isLong = false): Promise<T> {
    return this.#repeat(READ_MS, () =>
      this.#with((client) =>
        transaction(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', () => work(this.#sqlOf(client, isLong))),
      ),
    );
  }

  /**
   * Runs a write in one transaction. Its connection can be lost after COMMIT was sent: whether the server committed is then
   * unclear, so the write is repeated only if its id was not noted. The lock makes sure that the earlier transaction has ended.
   */
  write<T>({ lock, work, note, isNoted, isLong }: RepeatableWrite<T>): Promise<T> {
    const writeId = randomHex(16);
    let done: { result: T } | undefined;
    return this.#repeat(WRITE_MS, () =>
      this.#with((client) =>
        transaction(client, 'BEGIN ISOLATION LEVEL READ COMMITTED', async () => {
          const sql = this.#sqlOf(client, isLong);
          await lock(sql);
          if (done !== undefined && (await isNoted(sql, writeId))) return done.result;
          done = undefined;
          const result = await work(sql);
          await note(sql, writeId);
          done = { result };
          return result;
        }),
      ),
    );
  }

  /** Runs steps one after another. @param together whether in one transaction. */
  each(steps: readonly Step[], together: boolean): Promise<void> {
    return this.#with(async (client) => {
      const work = async (): Promise<void> => {
        const sql = this.#sqlOf(client, true);
        for (const step of steps) await (typeof step === 'string' ? sql(step) : step(sql));
      };
      await (together ? transaction(client, 'BEGIN', work) : work());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pool = this.#pool;
    await pool?.end().catch(() => undefined);
  }

  async #with<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const pool = (this.#pool ??= openPool(this.address));
    const client = await pool.connect();
    this.#wasConnected = true;
    let failure: unknown;
    try {
      return await work(client);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      // An error of the server leaves the connection usable; after any other its state is unknown.
      client.release(failure !== undefined && (sqlState(failure) === undefined || isConnectionLost(failure)));
    }
  }

  #sqlOf(client: PoolClient, isLong = false): Sql {
    const copy = async (text: string, lines: string): Promise<void> => {
      try {
        await runCopy(client, text, lines);
      } catch (error) {
        if (isUnsupported(error)) throw new NoCopy(error);
        throw error;
      }
    };
    return Object.assign(
      (text: string, values?: readonly SqlValue[]) =>
        runSql(client, text, values, isLong ? LONG_STATEMENT_MS : undefined),
      { copy: this.#offersCopy ? copy : undefined },
    );
  }

  async #repeat<T>(limitMs: number, attempt: () => Promise<T>): Promise<T> {
    const start = performance.now();
    for (let pause = PAUSE_MS.first; ; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
      try {
        return await attempt();
      } catch (error) {
        // Several transactions may find out at the same time.
        if (error instanceof NoCopy) {
          this.#offersCopy = false;
          continue;
        }
        const isPassing = isConflict(error) || (this.#wasConnected && (isConnectionLost(error) || isRefused(error)));
        if (!isPassing || this.#closed || performance.now() - start > limitMs) throw error;
      }
      // With jitter, so that many writers do not return all at once.
      await wait(pause * (0.5 + Math.random()));
    }
  }
}

/** The server does not offer COPY to this user. The transaction has failed; its repetition does without. */
class NoCopy extends Error {
  constructor(cause: unknown) {
    super('no COPY', { cause });
  }
}

async function transaction<T>(client: PoolClient, begin: string, work: () => Promise<T>): Promise<T> {
  await runSql(client, begin);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await runSql(client, 'ROLLBACK').catch(() => undefined);
    throw error;
  }
  await runSql(client, 'COMMIT');
  return result;
}
