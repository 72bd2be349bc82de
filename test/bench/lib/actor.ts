import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { CostTracker } from '../../../src/library/index.ts';
import { distribution, usage } from './place.ts';

/**
 * Runs each candidate in a separate process, so that the heap of one cannot cause pauses in another. The parent sends `run` and
 * receives the times measured by the actor itself.
 *
 *     node actor.ts KIND PATH
 */

export type Kind = 'floor' | 'sqlite' | 'tracker';
export interface Order {
  /**
   * `each`: this many in sequence, each durable before the next. `burst`: all at once. `transaction`: all in one. `for`: in
   * sequence for this many ms. `file`: one, until it is in the ledger's file. `rest`: waits until the ledger is idle.
   */
  do: 'each' | 'burst' | 'transaction' | 'for' | 'file' | 'rest';
  count?: number;
}

const LINE = Buffer.from(`${'x'.repeat(299)}\n`);

type Acts = Record<Order['do'], (count: number) => Promise<number[]> | number[]>;

async function each(count: number, one: () => unknown): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await one();
    took.push(performance.now() - start);
  }
  return took;
}

async function during(ms: number, one: () => unknown): Promise<number[]> {
  const took: number[] = [];
  const start = performance.now();
  for (let now = start; now - start < ms;) {
    await one();
    const then = performance.now();
    took.push(then - now);
    now = then;
  }
  return took;
}

async function all(run: () => unknown): Promise<number[]> {
  const start = performance.now();
  await run();
  return [performance.now() - start];
}

/** 300 bytes at the end of a file, and fsync: the minimum for durability. */
function floor(path: string): Acts {
  const fd = openSync(path, 'a');
  process.on('exit', () => closeSync(fd));
  const one = (): void => {
    writeSync(fd, LINE);
    fsyncSync(fd);
  };
  return {
    each: (count) => each(count, one),
    burst: (count) => all(() => each(count, one)),
    transaction: (count) =>
      all(() => {
        writeSync(fd, Buffer.alloc(300 * count, LINE));
        fsyncSync(fd);
      }),
    for: (ms) => during(ms, one),
    file: () => all(one),
    rest: () => [],
  };
}

function sqlite(path: string): Acts {
  const database = new DatabaseSync(path, { timeout: 60_000 });
  database.exec('pragma journal_mode = wal; pragma synchronous = full');
  database.exec(`create table if not exists usage (usage_id text primary key, provider text, model text, operation text,
    input_tokens integer, output_tokens integer, cost_usd real, timestamp text) without rowid`);
  const insert = database.prepare('insert into usage values (?, ?, ?, ?, ?, ?, ?, ?)');
  const one = (): void => {
    const { provider, model, operation, input_tokens, output_tokens, cost_usd } = usage;
    const id = crypto.randomUUID();
    insert.run(id, provider, model, operation, input_tokens, output_tokens, cost_usd, new Date().toISOString());
  };
  return {
    each: (count) => each(count, one),
    burst: (count) => all(() => each(count, one)),
    transaction: (count) =>
      all(() => {
        database.exec('begin immediate');
        for (let i = 0; i < count; i++) one();
        database.exec('commit');
      }),
    for: (ms) => during(ms, one),
    file: () => all(one),
    rest: () => [],
  };
}

function tracker(path: string, from: string = distribution): Acts {
  const library = createRequire(import.meta.url)(join(from, 'index.js')) as { CostTracker: typeof CostTracker };
  const ledger = new library.CostTracker({ ledger: path });
  const one = (): Promise<unknown> => ledger.track(usage);
  return {
    each: (count) => each(count, one),
    burst: (count) => all(() => Promise.all(Array.from({ length: count }, one))),
    transaction: (count) => all(() => ledger.trackAll(Array.from({ length: count }, () => usage))),
    for: (ms) => during(ms, one),
    file: () =>
      all(async () => {
        await ledger.track(usage);
        await ledger.flush();
      }),
    rest: async () => {
      await ledger.flush();
      return [];
    },
  };
}

/** The parent's side. */
export class Actor {
  readonly #process: ChildProcess;

  /** @param from the folder `dist` of the version that tracks; default: this one's. */
  constructor(kind: Kind, path: string, from: string = distribution) {
    this.#process = spawn(
      process.execPath,
      [
        '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(import.meta.url),
        kind,
        path,
        from,
      ],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
  }

  /** The measured times, ms. */
  ask(order: Order): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`the actor ended with ${code}`));
      this.#process.once('exit', ended);
      this.#process.once('message', (took) => {
        this.#process.off('exit', ended);
        resolve(took as number[]);
      });
      this.#process.send(order);
    });
  }

  /** Runs the order once and waits until the ledger is idle, without measuring. */
  async once(order: Order): Promise<number[]> {
    const took = await this.ask(order);
    await this.ask({ do: 'rest' });
    return took;
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once('exit', () => resolve());
      this.#process.disconnect();
    });
  }
}

if (import.meta.main) {
  const [kind, path, from] = process.argv.slice(2) as [Kind, string, string];
  const acts = { floor, sqlite, tracker }[kind](path, from);
  process.on('message', (order: Order) => {
    void (async () => process.send?.(await acts[order.do](order.count ?? 1)))();
  });
  process.on('disconnect', () => process.exit());
}
