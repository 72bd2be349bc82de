import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded, type Random } from '../../fixtures/oddLogs.ts';

/**
 * Runs a case with many seeds. `npm test` takes a few of the same seeds each time; the soak takes as many as it is told,
 * from a seed of its own:
 *
 *     npm run test:soak -- fuzz 100000 [SEED]
 */

const RUNS = Number(process.env['LLM_SPEND_FUZZ_RUNS'] ?? 0);
const FIRST_SEED = Number(process.env['LLM_SPEND_FUZZ_SEED'] ?? 1);

/** ms. */
export const FUZZ_TIMEOUT = RUNS > 0 ? 48 * 3_600_000 : 120_000;

/** Cases side by side in a process: most of a case's time is waiting, such as for the reading of a file that may be half written. */
const LANES = 24;

/** The soak goes on after a failure, until there are so many. */
const FAILURES = 20;

export interface Case {
  random: Random;
  /** A folder of its own, which goes with the case. */
  folder: () => string;
}

/** @param quick runs in `npm test`. @throws {Error} that names the seeds that failed. */
export async function fuzz(quick: number, run: (one: Case) => void | Promise<void>): Promise<void> {
  const runs = RUNS || quick;
  const failures: Error[] = [];
  let next = FIRST_SEED;
  const lane = async (): Promise<void> => {
    while (next < FIRST_SEED + runs && failures.length < (RUNS > 0 ? FAILURES : 1)) {
      const seed = next++;
      if (RUNS > 0 && (seed - FIRST_SEED) % 100 === 0) process.stderr.write(`fuzz: seed ${seed}\n`);
      const failure = await failureOf(seed, run);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join('\n'), { cause: failures[0] });
}

async function failureOf(seed: number, run: (one: Case) => void | Promise<void>): Promise<Error | undefined> {
  let folder: string | undefined;
  try {
    const made = run({
      random: seeded(seed),
      folder: () => (folder ??= mkdtempSync(join(tmpdir(), 'llm-spend-fuzz-'))),
    });
    if (made !== undefined) await ends(made);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const failure = new Error(`LLM_SPEND_FUZZ_SEED=${seed} LLM_SPEND_FUZZ_RUNS=1: ${message}`, { cause: error });
    if (RUNS > 0) process.stderr.write(`fuzz: ${failure.message}\n`);
    return failure;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** A run that takes this long, ms, hangs. */
const HANGS_AFTER = 120_000;

async function ends(run: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('does not end')), HANGS_AFTER);
  });
  await Promise.race([run, hangs]).finally(() => clearTimeout(timer));
}

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);
export const oneOf = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]!;

/** Texts that mean something to a reader of JSON, lines, numbers or times. */
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\n',
  '\r',
  '\t',
  ' ',
  '0',
  '-',
  '\0',
  '\0'.repeat(64),
  '"}',
  '"},{"',
  '}{',
  '],[',
  '[[[[[[[[',
  '{"a":{"b":[',
  'null',
  'true',
  '1e999',
  '-1',
  '1e-7',
  '9007199254740993',
  '99999999999999999999',
  '\\u0000',
  '\\ud800',
  '"\\',
  '\ufeff',
  '\u2028',
  'é',
  '\n{"',
  '/*',
  '<<<<<<< HEAD\n',
  '\n=======\n',
  '"usage_id":"r0",',
  '"__proto__":{"x":1},',
  '\u001b[2J',
  '2026-02-30T25:00:00Z',
];

/** A copy with one to four damages: bits, bytes, pieces and tokens that go, come, move or come twice. */
export function mutated(original: Uint8Array, random: Random): Buffer {
  let bytes = Buffer.from(original);
  const count = 1 + below(random, 4);
  for (let i = 0; i < count; i++) bytes = damage(bytes, random);
  return bytes;
}

function damage(bytes: Buffer, random: Random): Buffer<ArrayBuffer> {
  const at = below(random, bytes.length + 1);
  const length = Math.min(bytes.length - at, 1 + below(random, random() < 0.8 ? 12 : 400));
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  switch (below(random, 9)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at]! ^= 1 << below(random, 8);
      return copy;
    }
    case 1: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = below(random, 256);
      return copy;
    }
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, piece, piece, after]);
    case 4:
      return random() < 0.3 ? Buffer.from(before) : Buffer.concat([before, Buffer.alloc(length), after]);
    case 5: {
      const to = below(random, after.length + 1);
      return Buffer.concat([before, after.subarray(0, to), piece, after.subarray(to)]);
    }
    default:
      return Buffer.concat([
        before,
        Buffer.from(oneOf(random, TOKENS)),
        random() < 0.5 ? piece : Buffer.alloc(0),
        after,
      ]);
  }
}
