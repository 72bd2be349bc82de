import { spawn } from 'node:child_process';
import { existsSync, utimesSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CLI, ENOUGH, MS, Reader, STORES, Writer, hasRecorded, oneOf, underFire } from './harness.ts';
import { expectAllThere, expectWellRead, placeOf } from './proof.ts';

describe.each(STORES)('six processes that stream records into one %s ledger', (_, file) => {
  const place = placeOf(file);

  it('lose nothing while one is killed every 60 to 180 ms', async () => {
    const acknowledged = new Set<string>();
    const reader = new Reader(place.ledger);
    const { blows } = await underFire(place.ledger, acknowledged, {
      writers: 6,
      ms: MS,
      every: [60, 180],
      blow: async (writers, replace) => {
        const victim = oneOf(writers);
        await victim.kill();
        replace(victim);
      },
    });
    expect(acknowledged.size).toBeGreaterThan(ENOUGH);
    const total = expectAllThere(place.ledger, acknowledged);
    const reads = await expectWellRead(reader);
    console.log(
      `${file}: killed ${blows}, acknowledged ${acknowledged.size}, in the ledger ${total}, read ${reads} times`,
    );
  });

  it('lose nothing while one is stopped for longer than a lock lives, and wakes up', async () => {
    const acknowledged = new Set<string>();
    const reader = new Reader(place.ledger);
    const naps: Promise<void>[] = [];
    const asleep = new Set<object>();
    const { blows, codes, errors } = await underFire(place.ledger, acknowledged, {
      writers: 6,
      ms: MS,
      every: [300, 900],
      blow: async (writers) => {
        const victim = oneOf(writers.filter((writer) => !asleep.has(writer)));
        if (!victim) return;
        asleep.add(victim);
        victim.process.kill('SIGSTOP');
        expireLock(place.ledger);
        naps.push(
          wait(1_000 + Math.random() * Math.max(2_000, Math.min(20_000, MS - 4_000))).then(() => {
            victim.process.kill('SIGCONT');
            asleep.delete(victim);
          }),
        );
      },
    });
    await Promise.all(naps);
    expect(errors).not.toMatch(/busy|locked|held/);
    expect(codes.filter((code) => !hasRecorded(code))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(ENOUGH);
    const total = expectAllThere(place.ledger, acknowledged);
    const reads = await expectWellRead(reader);
    console.log(
      `${file}: stopped ${blows}, acknowledged ${acknowledged.size}, in the ledger ${total}, read ${reads} times`,
    );
  });

  it('are counted by a command at any moment, with all that was acknowledged before it', async () => {
    const acknowledged = new Set<string>();
    const writers = Array.from({ length: 3 }, () => new Writer(place.ledger, acknowledged, 4));
    const counts: number[] = [];
    const until = performance.now() + MS / 2;
    while (performance.now() < until || acknowledged.size <= ENOUGH) {
      const before = acknowledged.size;
      const seen = await count(place.ledger);
      expect(seen).toBeGreaterThanOrEqual(before);
      counts.push(seen);
    }
    for (const writer of writers) expect(await writer.finish()).toSatisfy(hasRecorded);
    expect(counts.toSorted((a, b) => a - b)).toEqual(counts);
    expectAllThere(place.ledger, acknowledged);
  });
});

/** Makes the lock look older than a lock lives, if somebody holds it: its holder may be the process that was just stopped. */
function expireLock(ledger: string): void {
  const lock = `${ledger}.lock`;
  try {
    if (existsSync(lock)) utimesSync(lock, 0, 0);
  } catch {
    // It was released just now.
  }
}

/** Runs `costs --json` once, and returns the number of records that it counts. */
function count(ledger: string): Promise<number> {
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
