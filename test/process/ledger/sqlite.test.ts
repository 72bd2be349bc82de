import { spawn } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLI, llmSpend, oneOf, temporaryFolder, underFire, Writer } from './harness.ts';

/** The proof of the JSON ledger, on the same ledger in SQLite. Longer with `LLM_SPEND_PROOF_MS`, for a soak. */
const MS = Number(process.env['LLM_SPEND_PROOF_MS'] ?? 8_000);

let place: ReturnType<typeof temporaryFolder>;
let ledger: string;
beforeEach(() => {
  place = temporaryFolder();
  ledger = join(place.folder, 'costs.db');
});
afterEach(() => place.dispose());

/** What stands in the database, read without any code of ours. */
function stored(): string[] {
  const db = new DatabaseSync(ledger);
  try {
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    return db
      .prepare("SELECT text ->> 'usage_id' AS id FROM record")
      .all()
      .map(({ id }) => id as string);
  } finally {
    db.close();
  }
}

function expectAll(acknowledged: ReadonlySet<string>): string[] {
  const ids = stored();
  const there = new Set(ids);
  expect(acknowledged.size).toBeGreaterThan(100);
  expect([...acknowledged].filter((id) => !there.has(id))).toEqual([]);
  expect(there.size).toBe(ids.length);
  expect(llmSpend(ledger, 'verify').code).toBe(0);
  return ids;
}

/** Runs `costs --json` once; the number of records that it counts. */
function count(): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'costs', '--json', '--ledger', ledger]);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`${code}: ${stderr}${stdout}`));
      else resolve((JSON.parse(stdout) as { totals: { records: number } }).totals.records);
    });
  });
}

describe('six processes that stream records into one SQLite ledger', () => {
  it('lose nothing while one is killed every 60 to 180 ms', async () => {
    const acknowledged = new Set<string>();
    const { blows } = await underFire(ledger, acknowledged, {
      writers: 6,
      ms: MS,
      every: [60, 180],
      blow: async (writers, replace) => {
        const victim = oneOf(writers);
        await victim.kill();
        replace(victim);
      },
    });
    const ids = expectAll(acknowledged);
    console.log(`killed ${blows}, acknowledged ${acknowledged.size}, in the ledger ${ids.length}`);
  });

  it('lose nothing while one is stopped, wherever it is, and wakes up', async () => {
    const acknowledged = new Set<string>();
    const asleep = new Set<Writer>();
    const naps: Promise<void>[] = [];
    const { blows, codes, errors } = await underFire(ledger, acknowledged, {
      writers: 6,
      ms: MS,
      every: [400, 1_500],
      blow: async (writers) => {
        const victim = oneOf(writers.filter((writer) => !asleep.has(writer)));
        if (!victim) return;
        asleep.add(victim);
        victim.process.kill('SIGSTOP');
        naps.push(
          wait(2_000 + Math.random() * 4_000).then(() => {
            victim.process.kill('SIGCONT');
            asleep.delete(victim);
          }),
        );
      },
    });
    await Promise.all(naps);
    expect(errors).not.toMatch(/busy|locked|held/);
    expect(codes.every((code) => code === 0)).toBe(true);
    const ids = expectAll(acknowledged);
    console.log(`stopped ${blows}, acknowledged ${acknowledged.size}, in the ledger ${ids.length}`);
  });

  it('are read by others all the while, each time more and never wrongly', async () => {
    const acknowledged = new Set<string>();
    const writers = Array.from({ length: 3 }, () => new Writer(ledger, acknowledged, 4));
    const counts: number[] = [];
    const until = Date.now() + MS / 2;
    while (Date.now() < until) {
      const before = acknowledged.size;
      const seen = await count();
      expect(seen).toBeGreaterThanOrEqual(before);
      counts.push(seen);
    }
    for (const writer of writers) expect(await writer.finish()).toBe(0);
    expect(counts.toSorted((a, b) => a - b)).toEqual(counts);
    expectAll(acknowledged);
  });
});

it('is made by one of fifty that start at once, and has the records of all', async () => {
  const codes = await Promise.all(
    Array.from(
      { length: 50 },
      () =>
        new Promise<number | null>((resolve) => {
          const args = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1', '--ledger', ledger];
          spawn(process.execPath, [CLI, ...args], { stdio: 'ignore' }).on('close', resolve);
        }),
    ),
  );
  expect(codes.every((code) => code === 0)).toBe(true);
  expect(stored()).toHaveLength(50);
});
