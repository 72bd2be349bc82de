import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PROGRAM_CACHE } from '../../fixtures/programCache.ts';
import { LONG } from '../../long.ts';
import { idsIn } from './plainly.ts';
import type { Sightings } from './reader.ts';

/**
 * Runs many real processes on one ledger, and keeps a log of their acknowledgements in the test's own memory, where none of
 * them can change it.
 */

export const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** Duration of each proof, ms. Set `LLM_SPEND_PROOF_MS` for a soak. */
export const MS = Number(process.env['LLM_SPEND_PROOF_MS'] ?? (LONG ? 20_000 : 1_500));
/** A proof with fewer acknowledged records proves nothing, so on a busy machine it runs longer. */
export const ENOUGH = 100;

/** The stores of a proof. */
export const STORES = [
  ['JSON', 'costs.json'],
  ['SQLite', 'costs.db'],
] as const;
export type LedgerFile = (typeof STORES)[number][1];

const readers = new Set<ChildProcess>();

export function temporaryFolder(file: LedgerFile): { folder: string; ledger: string; dispose: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-proof-'));
  return {
    folder,
    ledger: join(folder, file),
    dispose: () => {
      // Readers of a test that failed before stopping them.
      for (const reader of readers) reader.kill('SIGKILL');
      readers.clear();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export interface Prefix {
  command: string;
  args: string[];
}

/** `llm-spend record --stdin --json` in a separate process, which gets one record after each acknowledgement. */
export class Writer {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly #acknowledged: Set<string>;
  #stopped = false;
  #errors = '';

  constructor(ledger: string, acknowledged: Set<string>, inFlight = 1, prefix?: Prefix) {
    if (!existsSync(CLI)) throw new Error('dist/cli.js is missing: npm run build');
    this.#acknowledged = acknowledged;
    const command = prefix?.command ?? process.execPath;
    const args = prefix ? [...prefix.args, process.execPath] : [];
    this.process = spawn(command, [...args, CLI, 'record', '--stdin', '--json', '--ledger', ledger], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Writing to a killed writer is expected in these tests.
    this.process.stdin!.on('error', () => undefined);
    this.process.stderr!.on('data', (data: Buffer) => (this.#errors += data.toString()));
    createInterface({ input: this.process.stdout! }).on('line', (line) => this.#acknowledge(line));
    this.ended = new Promise((resolve) => this.process.on('close', (code) => resolve(code)));
    for (let i = 0; i < inFlight; i++) this.#send();
  }

  get errors(): string {
    return this.#errors;
  }

  /** Closes stdin and waits for the exit. */
  async finish(): Promise<number | null> {
    this.#stopped = true;
    this.process.stdin!.end();
    return this.ended;
  }

  kill(): Promise<number | null> {
    this.#stopped = true;
    this.process.kill('SIGKILL');
    return this.ended;
  }

  #send(): void {
    this.process.stdin!.write(`${JSON.stringify(sampleUsage(randomUUID()))}\n`);
  }

  #acknowledge(line: string): void {
    let answer: { usage_id?: string; status?: string };
    try {
      answer = JSON.parse(line) as typeof answer;
    } catch {
      return; // Cut off by a kill: not acknowledged.
    }
    if (answer.status === 'recorded' && answer.usage_id) this.#acknowledged.add(answer.usage_id);
    if (!this.#stopped) this.#send();
  }
}

/** A process that reads the ledger in a loop: see `reader.ts`. */
export class Reader {
  readonly #process: ChildProcess;
  readonly #ended: Promise<string>;

  constructor(ledger: string) {
    this.#process = runSource('reader.ts', ledger);
    readers.add(this.#process);
    let output = '';
    this.#process.stdout!.on('data', (data: Buffer) => (output += data.toString()));
    this.#ended = new Promise((resolve) => this.#process.on('close', () => resolve(output)));
  }

  /** Stops it, and returns its observations. */
  async finish(): Promise<Sightings> {
    this.#process.stdin!.end();
    return JSON.parse(await this.#ended) as Sightings;
  }
}

/** Starts a program of this folder from its source. */
export function runSource(name: string, ...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const node = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=ExperimentalWarning'];
  const env = { ...process.env, ...PROGRAM_CACHE };
  return spawn(process.execPath, [...node, program, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Also readable by inkwell. */
export function sampleUsage(id: string): Record<string, unknown> {
  return {
    usage_id: id,
    provider: 'claude',
    model: 'claude-sonnet-4-5',
    operation: 'extraction',
    input_tokens: 1200,
    output_tokens: 300,
    cost_usd: 0.0081,
  };
}

export interface Toll {
  acknowledged: number;
  missing: string[];
  twice: string[];
  total: number;
}

/** Compares the acknowledgements with the ledger's file, which is read without any of our code. */
export function toll(ledger: string, acknowledged: ReadonlySet<string>): Toll {
  const counts = new Map<string, number>();
  for (const id of idsIn(ledger)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return {
    acknowledged: acknowledged.size,
    missing: [...acknowledged].filter((id) => !counts.has(id)),
    twice: [...counts].filter(([, count]) => count > 1).map(([id]) => id),
    total: counts.size,
  };
}

/** Runs a command of the CLI to its end. */
export function llmSpend(ledger: string, ...args: string[]): { code: number; stdout: string; stderr: string } {
  return llmSpendAs(undefined, ledger, ...args);
}

/** Runs it through another command. */
export function llmSpendAs(
  prefix: Prefix | undefined,
  ledger: string,
  ...args: string[]
): { code: number; stdout: string; stderr: string } {
  const [command = '', ...words] = [
    ...(prefix ? [prefix.command, ...prefix.args] : []),
    process.execPath,
    CLI,
    ...args,
  ];
  const { status, stdout, stderr } = spawnSync(command, [...words, '--ledger', ledger], { encoding: 'utf8' });
  return { code: status ?? -1, stdout, stderr };
}

/** The exit code of a command whose records are durable, but not in the ledger's file yet, because others were faster. */
const WAITING = 5;

/** Whether a command recorded all that it was given, now or with the next commit of any process. */
export function hasRecorded(code: number | null): boolean {
  return code === 0 || code === WAITING;
}

/** One `llm-spend record` in a separate process. Resolves with the id that it acknowledged. */
export function recordOne(ledger: string): Promise<string> {
  const args = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=0.01', '--json'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, ...args, '--ledger', ledger], (error, stdout) => {
      if (error && error.code !== WAITING) reject(error);
      else resolve((JSON.parse(stdout) as { usage_id: string }).usage_id);
    });
  });
}

const PATIENCE_MS = 90_000;
/** If all processes are suspended, the next disturbance comes after this time anyway. */
const LULL_MS = 2_000;

/**
 * Keeps writers busy for `ms`, disturbing one of them from time to time, then lets all finish. A disturbance waits for an
 * acknowledgement since the last one, and the end for {@link ENOUGH} acknowledgements, so that the machine's load does not
 * decide what is proved.
 */
export async function underFire(
  ledger: string,
  acknowledged: Set<string>,
  options: {
    writers: number;
    ms: number;
    /** Pause between two disturbances, ms. */
    every: [number, number];
    blow: (writers: Writer[], replace: (writer: Writer) => void) => Promise<void>;
    meanwhile?: (writers: Writer[]) => void;
    inFlight?: number;
    prefix?: Prefix;
  },
): Promise<{ blows: number; codes: (number | null)[]; errors: string }> {
  const start = (): Writer => new Writer(ledger, acknowledged, options.inFlight, options.prefix);
  const writers = Array.from({ length: options.writers }, start);
  const until = performance.now() + options.ms;
  const giveUp = until + PATIENCE_MS;
  let blows = 0;
  while (performance.now() < (acknowledged.size > ENOUGH ? until : giveUp)) {
    const { size } = acknowledged;
    await wait(options.every[0] + Math.random() * (options.every[1] - options.every[0]));
    for (let waited = 0; acknowledged.size === size && waited < LULL_MS; waited += 10) await wait(10);
    await options.blow(writers, (writer) => {
      writers[writers.indexOf(writer)] = start();
    });
    blows++;
  }
  const codes = await Promise.all(writers.map((writer) => writer.finish()));
  return { blows, codes, errors: writers.map(({ errors }) => errors).join('') };
}

export function oneOf<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)]!;
}
