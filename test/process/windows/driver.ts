import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Runs inside Windows (or Wine) and does one job of a test there: `node driver.ts JOB RESULT`, both JSON files. The only code
 * under test that it uses is the built command.
 */

export interface Job {
  cli: string;
  ledger: string;
  /** Number of `record` commands to run one after another, each to its end. */
  oneShots?: number;
  /**
   * Number of concurrent `record --stdin` processes and their duration `ms`; one is killed every `killEveryMs` and replaced.
   */
  writers?: { count: number; ms: number; killEveryMs: number };
  /** A program that repeatedly opens the ledger for `openMs` and closes it for `closedMs`. */
  reader?: { openMs: number; closedMs: number };
  /** Commands to run at the end, one after another. */
  commands?: string[][];
}

export interface JobResult {
  acknowledged: string[];
  /** Exit codes of the one-shots, and of the writers that were not killed. */
  codes: (number | null)[];
  kills: number;
  /** How many times the other program opened the ledger. */
  opened: number;
  commands: { code: number | null; stdout: string; stderr: string }[];
  errors: string;
}

const [jobFile = '', resultFile = ''] = process.argv.slice(2);
const job = JSON.parse(readFileSync(jobFile, 'utf8')) as Job;
const result: JobResult = { acknowledged: [], codes: [], kills: 0, opened: 0, commands: [], errors: '' };
const RECORD = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=0.01', '--json'];
/** On a busy machine the writers continue until this many were killed: fewer prove nothing. */
const LEAST_KILLS = 5;
const over = new AbortController();

const reading = job.reader ? readAgainAndAgain(job.reader) : undefined;
for (let i = 0; i < (job.oneShots ?? 0); i++) {
  const { code, stdout, stderr } = await llmSpend(RECORD);
  result.codes.push(code);
  result.errors += stderr;
  acknowledge(stdout);
}
if (job.writers) await writeUnderFire(job.writers);
over.abort();
await reading;
for (const command of job.commands ?? []) result.commands.push(await llmSpend(command));
writeFileSync(resultFile, JSON.stringify(result));

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [job.cli, ...args, '--ledger', job.ledger], { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function llmSpend(args: readonly string[]): Promise<JobResult['commands'][number]> {
  const child = start(args);
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr!.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await ended(child);
  return { code, stdout, stderr };
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('close', (code) => resolve(code)));
}

function acknowledge(line: string): void {
  try {
    const answer = JSON.parse(line) as { usage_id?: string; status?: string };
    if (answer.status === 'recorded' && answer.usage_id !== undefined) result.acknowledged.push(answer.usage_id);
  } catch {
    // Cut off by a kill: not acknowledged.
  }
}

/** Writers that send one record after each acknowledgement; killed ones are replaced. */
async function writeUnderFire(how: NonNullable<Job['writers']>): Promise<void> {
  const writers = new Map<ChildProcess, Promise<number | null>>();
  const add = (): void => {
    const child = start(['record', '--stdin', '--json']);
    writers.set(child, ended(child));
    const usage = { provider: 'p', model: 'm', operation: 'o', cost_usd: 0.01 };
    const send = (): void => void child.stdin!.write(`${JSON.stringify({ usage_id: randomUUID(), ...usage })}\n`);
    child.stdin!.on('error', () => undefined);
    child.stderr!.on('data', (data: Buffer) => (result.errors += data.toString()));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      acknowledge(line);
      if (!over.signal.aborted && !child.killed) send();
    });
    send();
  };
  for (let i = 0; i < how.count; i++) add();
  const until = performance.now() + how.ms;
  while (performance.now() < until || result.kills < LEAST_KILLS) {
    const { length } = result.acknowledged;
    await wait(how.killEveryMs);
    // A kill waits for an acknowledgement since the last one, so that the machine's load does not decide what is proved.
    for (let waited = 0; result.acknowledged.length === length && waited < 10_000; waited += 10) await wait(10);
    const children = [...writers.keys()];
    const victim = children[Math.floor(Math.random() * children.length)]!;
    // On Windows this is TerminateProcess.
    victim.kill('SIGKILL');
    await writers.get(victim);
    writers.delete(victim);
    result.kills++;
    add();
  }
  over.abort();
  for (const child of writers.keys()) child.stdin!.end();
  result.codes.push(...(await Promise.all(writers.values())));
}

async function readAgainAndAgain({ openMs, closedMs }: NonNullable<Job['reader']>): Promise<void> {
  while (!over.signal.aborted) {
    let fd: number | undefined;
    try {
      fd = openSync(job.ledger, 'r');
    } catch {
      // It does not exist yet.
    }
    if (fd !== undefined) {
      result.opened++;
      await wait(openMs, undefined, { signal: over.signal }).catch(() => undefined);
      closeSync(fd);
    }
    await wait(closedMs);
  }
}
