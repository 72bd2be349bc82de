import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reader, llmSpend, oneOf, temporaryFolder, toll, underFire } from './harness.ts';

/** Longer with `LLM_SPEND_PROOF_MS`, for a soak. */
const MS = Number(process.env['LLM_SPEND_PROOF_MS'] ?? 8_000);

describe('six processes that stream records into one ledger', () => {
  let place: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (place = temporaryFolder()));
  afterEach(() => place.dispose());

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
    // What the last victims left in their journals comes in with the next commit of anybody.
    expect(llmSpend(place.ledger, 'record', '--provider=p', '--model=m', '--operation=o').code).toBe(0);
    const { torn, shrunk, reads } = await reader.finish();
    const result = toll(place.ledger, acknowledged);
    console.log(
      `killed ${blows}, acknowledged ${result.acknowledged}, in the ledger ${result.total}, read ${reads.join(' and ')} times`,
    );
    expect(result.acknowledged).toBeGreaterThan(100);
    expect(result.missing).toEqual([]);
    expect(result.twice).toEqual([]);
    expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
    expect(llmSpend(place.ledger, 'verify').code).toBe(0);
  });

  it('lose nothing while one is stopped for longer than a lock lives, and wakes up', async () => {
    const acknowledged = new Set<string>();
    const reader = new Reader(place.ledger);
    const naps: Promise<void>[] = [];
    const asleep = new Set<object>();
    const { blows, codes } = await underFire(place.ledger, acknowledged, {
      writers: 6,
      ms: MS,
      every: [400, 1_500],
      blow: async (writers) => {
        const victim = oneOf(writers.filter((writer) => !asleep.has(writer)));
        if (!victim) return;
        asleep.add(victim);
        victim.process.kill('SIGSTOP');
        naps.push(
          wait(4_000 + Math.random() * Math.max(0, Math.min(20_000, MS - 4_000))).then(() => {
            victim.process.kill('SIGCONT');
            asleep.delete(victim);
          }),
        );
      },
    });
    await Promise.all(naps);
    expect(codes.every((code) => code === 0)).toBe(true);
    const { torn, shrunk, reads } = await reader.finish();
    const result = toll(place.ledger, acknowledged);
    console.log(
      `stopped ${blows}, acknowledged ${result.acknowledged}, in the ledger ${result.total}, read ${reads.join(' and ')} times`,
    );
    expect(result.acknowledged).toBeGreaterThan(100);
    expect(result.missing).toEqual([]);
    expect(result.twice).toEqual([]);
    expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
    expect(llmSpend(place.ledger, 'verify').code).toBe(0);
  });
});
