import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../src/ledger/tracker.ts';
import { LedgerError } from '../../../src/ledger/types.ts';
import { Reader, llmSpend, oneOf, recordOne, runSource, temporaryFolder, toll, underFire } from './harness.ts';

/** Real processes in worlds that are not kind to them. */

const MS = Number(process.env['LLM_SPEND_PROOF_MS'] ?? 8_000);

let place: ReturnType<typeof temporaryFolder>;
beforeEach(() => (place = temporaryFolder()));
afterEach(() => place.dispose());

function runs(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

function expectAllThere(acknowledged: ReadonlySet<string>): number {
  expect(llmSpend(place.ledger, 'record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1').code).toBe(0);
  const { missing, twice, total } = toll(place.ledger, acknowledged);
  expect({ missing, twice }).toEqual({ missing: [], twice: [] });
  expect(llmSpend(place.ledger, 'verify').code).toBe(0);
  return total;
}

describe('a hundred processes that start at once', () => {
  it('record one each, and are all there', async () => {
    const reader = new Reader(place.ledger);
    const ids = await Promise.all(Array.from({ length: 100 }, () => recordOne(place.ledger)));
    expect(expectAllThere(new Set(ids))).toBe(101);
    const { torn, shrunk } = await reader.finish();
    expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
    expect(readdirSync(place.folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux')('a process that is stopped right before its rename', () => {
  it('displaces nothing when it goes on, however late', async () => {
    const acknowledged = new Set<string>();
    const reader = new Reader(place.ledger);
    for (let round = 0; round < 5; round++) {
      const sleeper = runSource('stopsBeforeRename.ts', place.ledger, `slept-${round}`);
      const ended = new Promise((resolve) => sleeper.on('close', resolve));
      createInterface({ input: sleeper.stdout! }).on('line', (id) => acknowledged.add(id));
      await stopped(sleeper.pid!);
      // As if the stale time had passed.
      utimesSync(join(place.folder, 'costs.json.lock'), 0, 0);
      const meanwhile = new Set([await recordOne(place.ledger), await recordOne(place.ledger)]);
      expect(toll(place.ledger, meanwhile).missing).toEqual([]);
      for (const id of meanwhile) acknowledged.add(id);
      sleeper.kill('SIGCONT');
      expect(await ended).toBe(0);
      expect(toll(place.ledger, acknowledged).missing).toEqual([]);
    }
    expect(acknowledged.size).toBe(15);
    expectAllThere(acknowledged);
    const { torn, shrunk } = await reader.finish();
    expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
  });
});

/** Waits until the kernel says that the process is stopped. */
async function stopped(pid: number): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (/\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return;
    await wait(10);
  }
  throw new Error(`process ${pid} did not stop`);
}

const hasFaketime = runs('faketime', '--exclude-monotonic', '-f', '+2d', process.execPath, '-e', '0');

describe.skipIf(!hasFaketime)('processes whose clocks differ by days (needs faketime)', () => {
  it.each(['+2d', '-2d'])('lose nothing beside one at %s, while some are killed', async (offset) => {
    const acknowledged = new Set<string>();
    const reader = new Reader(place.ledger);
    const prefix = { command: 'faketime', args: ['--exclude-monotonic', '-f', offset] };
    const skewed = underFire(place.ledger, acknowledged, { ...fire, writers: 3, prefix });
    const right = underFire(place.ledger, acknowledged, { ...fire, writers: 3 });
    await Promise.all([skewed, right]);
    expect(acknowledged.size).toBeGreaterThan(50);
    const total = expectAllThere(acknowledged);
    const { torn, shrunk } = await reader.finish();
    console.log(`clock ${offset}: acknowledged ${acknowledged.size}, in the ledger ${total}`);
    expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
  });
});

const fire: Pick<Parameters<typeof underFire>[2], 'ms' | 'every' | 'blow'> = {
  ms: MS,
  every: [200, 500],
  blow: async (writers, replace) => {
    const victim = oneOf(writers);
    await victim.kill();
    replace(victim);
  },
};

const unshare = ['--pid', '--fork', '--mount-proc', '--kill-child'];
const hasNamespaces = process.platform === 'linux' && runs('unshare', ...unshare, process.execPath, '-e', '0');

describe.skipIf(!hasNamespaces)('processes in pid namespaces of their own (needs unshare as root)', () => {
  it('lose nothing, though none can tell who is dead', async () => {
    const acknowledged = new Set<string>();
    const reader = new Reader(place.ledger);
    const prefix = { command: 'unshare', args: unshare };
    await Promise.all([
      underFire(place.ledger, acknowledged, { ...fire, writers: 3, prefix }),
      underFire(place.ledger, acknowledged, { ...fire, writers: 2 }),
    ]);
    expect(acknowledged.size).toBeGreaterThan(50);
    // Shown at once; in the file once the journals of owners that nobody knows have been left alone for a while.
    const tracker = new CostTracker({ ledger: place.ledger });
    const shown = new Set((await tracker.read()).map(({ usage_id }) => usage_id));
    await tracker.close();
    expect([...acknowledged].filter((id) => !shown.has(id))).toEqual([]);
    for (const name of readdirSync(place.folder)) {
      if (name.endsWith('.journal')) utimesSync(join(place.folder, name), 0, 0);
    }
    const total = expectAllThere(acknowledged);
    const { torn, shrunk } = await reader.finish();
    console.log(`namespaces: acknowledged ${acknowledged.size}, in the ledger ${total}`);
    expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
  });
});

const mountOptions = ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs'];

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(join(tmpdir(), 'llm-spend-mount-'));
  const can = runs('mount', ...mountOptions, probe) && runs('umount', probe);
  rmSync(probe, { recursive: true });
  return can;
}

describe.skipIf(!canMount())('a disk of 256 KB that fills up (needs root, to mount it)', () => {
  beforeEach(() => execFileSync('mount', [...mountOptions, place.folder]));
  // Lazily: a reader may not have left yet.
  afterEach(() => execFileSync('umount', ['-l', place.folder]));

  it('refuses what it cannot hold, loses nothing, and goes on when there is room again', async () => {
    const acknowledged = new Set<string>();
    const refused = new Set<string>();
    const tracker = new CostTracker({ ledger: place.ledger });
    const record = async (id: string): Promise<void> => {
      try {
        await tracker.track({ usage_id: id, provider: 'p', model: 'm', operation: 'o', note: 'n'.repeat(500) });
        acknowledged.add(id);
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerError);
        expect((error as LedgerError).code).toBe('disk-full');
        refused.add(id);
      }
    };
    const filler = join(place.folder, 'filler');
    writeFileSync(filler, Buffer.alloc(200 * 1024));
    const reader = new Reader(place.ledger);
    for (let i = 0; refused.size < 20 && i < 2_000; i++) await record(`full-${i}`);
    expect(refused.size).toBe(20);
    expect(acknowledged.size).toBeGreaterThan(20);
    rmSync(filler);
    for (let i = 0; i < 10; i++) await record(`freed-${i}`);
    expect([...refused].filter((id) => id.startsWith('freed'))).toEqual([]);
    expect(await tracker.flush(20_000)).toBe(true);
    await tracker.close();
    const total = expectAllThere(acknowledged);
    expect(toll(place.ledger, refused).missing).toEqual([...refused]);
    const { torn, shrunk } = await reader.finish();
    console.log(`full disk: acknowledged ${acknowledged.size}, refused ${refused.size}, in the ledger ${total}`);
    expect({ torn, shrunk }).toEqual({ torn: [], shrunk: [] });
  });
});
