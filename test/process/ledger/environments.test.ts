import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { LedgerError } from '../../../src/ledger/results.ts';
import type { Prefix } from './harness.ts';
import {
  CLI,
  ENOUGH,
  MS,
  Reader,
  STORES,
  Writer,
  llmSpend,
  llmSpendAs,
  oneOf,
  recordOne,
  runSource,
  sampleUsage,
  toll,
  underFire,
} from './harness.ts';
import { LONG } from '../../long.ts';
import { idsIn } from './plainly.ts';
import { expectAllThere, expectWellRead, placeOf } from './proof.ts';

/** Real processes in hostile environments. */

function runs(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;

/** A hundred in the long form. */
const AT_ONCE = LONG ? 100 : 20;

describe.each(STORES)(`${AT_ONCE} processes that start at once on a %s ledger`, (_, file) => {
  const place = placeOf(file);

  it('record one each, and are all there', async () => {
    const reader = new Reader(place.ledger);
    const ids = await Promise.all(Array.from({ length: AT_ONCE }, () => recordOne(place.ledger)));
    expect(expectAllThere(place.ledger, new Set(ids))).toBe(AT_ONCE + 1);
    await expectWellRead(reader);
    expect(readdirSync(place.folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

/** A process stopped in the middle of recording `id`. `acknowledged` gets the id once the process acknowledges it. */
async function stoppedMidway(ledger: string, id: string, acknowledged: Set<string>) {
  const sleeper = runSource('stopsMidway.ts', ledger, id);
  const ended = new Promise<number | null>((resolve) => sleeper.on('close', resolve));
  createInterface({ input: sleeper.stdout! }).on('line', (line) => acknowledged.add(line));
  for (let tries = 0; tries < 2_000; tries++) {
    // The kernel reports the state T.
    if (/\) T /.test(readFileSync(`/proc/${sleeper.pid}/stat`, 'latin1'))) return { sleeper, ended };
    await wait(10);
  }
  throw new Error(`process ${sleeper.pid} did not stop`);
}

describe.skipIf(!isLinux)('a process that is stopped right before its rename', () => {
  const place = placeOf('costs.json');

  it('displaces nothing when it goes on, however late', async () => {
    const acknowledged = new Set<string>();
    const reader = new Reader(place.ledger);
    const rounds = LONG ? 5 : 2;
    for (let round = 0; round < rounds; round++) {
      const { sleeper, ended } = await stoppedMidway(place.ledger, `slept-${round}`, acknowledged);
      // Simulates that the stale time has passed.
      utimesSync(join(place.folder, 'costs.json.lock'), 0, 0);
      const meanwhile = new Set([await recordOne(place.ledger), await recordOne(place.ledger)]);
      expect(toll(place.ledger, meanwhile).missing).toEqual([]);
      for (const id of meanwhile) acknowledged.add(id);
      sleeper.kill('SIGCONT');
      expect(await ended).toBe(0);
      expect(toll(place.ledger, acknowledged).missing).toEqual([]);
    }
    expect(acknowledged.size).toBe(rounds * 3);
    expectAllThere(place.ledger, acknowledged);
    await expectWellRead(reader);
  });
});

describe.skipIf(!isLinux)('a process that is stopped within its transaction', () => {
  const place = placeOf('costs.db');

  it.each(['SIGCONT', 'SIGKILL'] as const)(
    'hides nothing from readers, and lets writers go on at %s',
    async (signal) => {
      const acknowledged = new Set([await recordOne(place.ledger)]);
      const reader = new Reader(place.ledger);
      for (let round = 0; round < 2; round++) {
        const before = acknowledged.size;
        const { sleeper, ended } = await stoppedMidway(place.ledger, `slept-${round}`, acknowledged);
        const waiting = [recordOne(place.ledger), recordOne(place.ledger)];
        const { code, stdout } = llmSpend(place.ledger, 'costs', '--json');
        expect(code).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({ totals: { records: before } });
        sleeper.kill(signal);
        for (const id of await Promise.all(waiting)) acknowledged.add(id);
        expect(await ended).toBe(signal === 'SIGCONT' ? 0 : null);
      }
      expect(acknowledged.size).toBe(signal === 'SIGCONT' ? 7 : 5);
      // The record that was never acknowledged is not there either.
      expect(expectAllThere(place.ledger, acknowledged)).toBe(acknowledged.size + 1);
      await expectWellRead(reader);
    },
  );
});

describe('a repair that is killed at each of its steps', () => {
  const place = placeOf('costs.db');

  it('leaves all that can be read for the next one', async () => {
    const { sound, log, all } = await filledAndKilled(place.ledger);
    const page = sound.indexOf('"usage_id":"id-40"') & ~4095;
    const damaged = Buffer.from(sound).fill(0, page, page + 4096);
    let most = -1;
    // In the quick form at each third step.
    for (let call = 1; ; call += LONG ? 1 : 3) {
      for (const name of readdirSync(place.folder)) rmSync(join(place.folder, name), { recursive: true });
      writeFileSync(place.ledger, damaged);
      writeFileSync(`${place.ledger}-wal`, log);
      const mending = runSource('diesMending.ts', place.ledger, String(call));
      const code = await new Promise<number | null>((resolve) => mending.on('close', resolve));
      // Simulates that the stale time has passed.
      if (readdirSync(place.folder).includes('costs.db.lock')) utimesSync(join(place.folder, 'costs.db.lock'), 0, 0);
      const next = new CostTracker({ ledger: place.ledger });
      await next.repair();
      await next.close();
      const there = idsIn(place.ledger).length;
      if (most < 0) most = there;
      expect({ call, there }).toEqual({ call, there: most });
      if (code === 0) break;
      expect(code).toBe(null);
    }
    // Only the rows of one page are lost.
    expect(most).toBeGreaterThan(all - 20);
    expect(most).toBeLessThan(all);
  });
});

/** A database with part of its content still in the log, because its writer was killed. */
async function filledAndKilled(ledger: string): Promise<{ sound: Buffer; log: Buffer; all: number }> {
  const tracker = new CostTracker({ ledger });
  await tracker.trackAll(
    Array.from({ length: 80 }, (_, i) => ({ ...sampleUsage(`id-${i}`), note: 'n'.repeat(200) })) as never,
  );
  await tracker.close();
  rmSync(`${ledger}.prev`);
  const acknowledged = new Set<string>();
  const writer = new Writer(ledger, acknowledged);
  while (acknowledged.size < 5) await wait(10);
  await writer.kill();
  const [sound, log] = [readFileSync(ledger), readFileSync(`${ledger}-wal`)];
  // Read last, because reading may move the log into the database.
  return { sound, log, all: idsIn(ledger).length };
}

/** Three or more groups of writers run concurrently, some of which are killed from time to time. */
async function allUnderFire(ledger: string, acknowledged: Set<string>, groups: [writers: number, prefix?: Prefix][]) {
  await Promise.all(
    groups.map(([writers, prefix]) =>
      underFire(ledger, acknowledged, {
        writers,
        ...(prefix ? { prefix } : {}),
        ms: MS,
        every: [200, 500],
        blow: async (all, replace) => {
          const victim = oneOf(all);
          await victim.kill();
          replace(victim);
        },
      }),
    ),
  );
  expect(acknowledged.size).toBeGreaterThan(ENOUGH);
}

const clockAt = (offset: string): Prefix => ({ command: 'faketime', args: ['--exclude-monotonic', '-f', offset] });
const hasFaketime = runs('faketime', ...clockAt('+2d').args, process.execPath, '-e', '0');

describe.skipIf(!hasFaketime).each(LONG ? STORES : STORES.slice(0, 1))(
  'processes on a %s ledger whose clocks differ by days (needs faketime)',
  (_, file) => {
    const place = placeOf(file);

    it('lose nothing beside ones at +2d and at -2d, while some are killed', async () => {
      const acknowledged = new Set<string>();
      const reader = new Reader(place.ledger);
      await allUnderFire(place.ledger, acknowledged, [[2, clockAt('+2d')], [2, clockAt('-2d')], [2]]);
      const total = expectAllThere(place.ledger, acknowledged);
      await expectWellRead(reader);
      console.log(`${file}, clocks: acknowledged ${acknowledged.size}, in the ledger ${total}`);
    });
  },
);

const unshare: Prefix = { command: 'unshare', args: ['--pid', '--fork', '--mount-proc', '--kill-child'] };
const hasNamespaces = isLinux && runs(unshare.command, ...unshare.args, process.execPath, '-e', '0');

describe.skipIf(!hasNamespaces).each(LONG ? STORES : STORES.slice(0, 1))(
  'processes on a %s ledger in pid namespaces of their own (needs unshare as root)',
  (_, file) => {
    const place = placeOf(file);

    it('lose nothing, though none can tell who is dead', async () => {
      const acknowledged = new Set<string>();
      const reader = new Reader(place.ledger);
      await allUnderFire(place.ledger, acknowledged, [[3, unshare], [2]]);
      // The records are visible at once, but are in the file only after journals with unknown owners have been untouched for a
      // while.
      const tracker = new CostTracker({ ledger: place.ledger });
      const shown = new Set((await tracker.read()).map(({ usage_id }) => usage_id));
      await tracker.close();
      expect([...acknowledged].filter((id) => !shown.has(id))).toEqual([]);
      for (const name of readdirSync(place.folder)) {
        if (name.endsWith('.journal')) utimesSync(join(place.folder, name), 0, 0);
      }
      const total = expectAllThere(place.ledger, acknowledged);
      await expectWellRead(reader);
      console.log(`${file}, namespaces: acknowledged ${acknowledged.size}, in the ledger ${total}`);
    });
  },
);

const tmpfs = (kilobytes: number): string[] => ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs'];
/** Size of the disk and used part of it, KB. */
const ROOM = { 'costs.json': [256, 200], 'costs.db': [1024, 500] } as const;

function canMount(): boolean {
  if (!isLinux || !isRoot) return false;
  const probe = mkdtempSync(join(tmpdir(), 'llm-spend-mount-'));
  const can = runs('mount', ...tmpfs(256), probe) && runs('umount', probe);
  rmSync(probe, { recursive: true });
  return can;
}

describe.skipIf(!canMount()).each(STORES)('a small disk with a %s ledger (needs root, to mount it)', (_, file) => {
  const place = placeOf(file);
  beforeEach(() => execFileSync('mount', [...tmpfs(ROOM[file][0]), place.folder]));
  // Lazily, because a reader may not have exited yet.
  afterEach(() => execFileSync('umount', ['-l', place.folder]));

  it('refuses what it cannot hold when it is full, loses nothing, and goes on when there is room again', async () => {
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
    writeFileSync(filler, Buffer.alloc(ROOM[file][1] * 1024));
    const reader = new Reader(place.ledger);
    for (let i = 0; refused.size < 20 && i < 5_000; i++) await record(`full-${i}`);
    expect(refused.size).toBe(20);
    expect(acknowledged.size).toBeGreaterThan(20);
    rmSync(filler);
    for (let i = 0; i < 10; i++) await record(`freed-${i}`);
    expect([...refused].filter((id) => id.startsWith('freed'))).toEqual([]);
    expect(await tracker.flush(120_000)).toBe(true);
    await tracker.close();
    const total = expectAllThere(place.ledger, acknowledged);
    expect(toll(place.ledger, refused).missing).toEqual([...refused]);
    await expectWellRead(reader);
    console.log(
      `${file}, full disk: acknowledged ${acknowledged.size}, refused ${refused.size}, in the ledger ${total}`,
    );
  });

  it('is read as before when it was made read-only, refuses every change in words, and changes nothing', async () => {
    const id = await recordOne(place.ledger);
    execFileSync('mount', ['-o', 'remount,ro', place.folder]);
    const before = contentsOf(place.folder);
    expectReadable(place.ledger, 1);
    for (const change of changes(id)) {
      const { code, stderr } = llmSpend(place.ledger, ...change);
      expect({ change, code, stderr }).toEqual({
        change,
        code: 1,
        stderr: expect.stringContaining('read-only disk'),
      });
    }
    expect(contentsOf(place.folder)).toEqual(before);
    execFileSync('mount', ['-o', 'remount,rw', place.folder]);
    expect(expectAllThere(place.ledger, new Set([id]))).toBe(2);
  });
});

/** All commands that change the ledger, with one record in it. */
const changes = (id: string): string[][] => [
  ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1'],
  ['remove', id],
  ['clear', '--yes'],
];

function expectReadable(ledger: string, records: number, as?: Prefix): void {
  const costs = llmSpendAs(as, ledger, 'costs', '--json');
  expect(costs).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(costs.stdout)).toMatchObject({ totals: { records } });
  expect(llmSpendAs(as, ledger, 'verify')).toMatchObject({ code: 0 });
}

function contentsOf(folder: string): [string, string][] {
  return readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]);
}

const nobody: Prefix = { command: 'setpriv', args: ['--reuid=65534', '--regid=65534', '--clear-groups'] };
const canBeNobody = isLinux && isRoot && runs(nobody.command, ...nobody.args, process.execPath, CLI, '--version');

describe.skipIf(!canBeNobody).each(STORES)(
  "somebody else's %s ledger in somebody else's folder (needs root, to be another)",
  (_, file) => {
    const place = placeOf(file);

    it('is read, refuses every change in words, and stays as it is', async () => {
      const id = await recordOne(place.ledger);
      chmodSync(place.folder, 0o755);
      chmodSync(place.ledger, 0o644);
      const before = contentsOf(place.folder);
      expectReadable(place.ledger, 1, nobody);
      for (const change of changes(id)) {
        const { code, stderr } = llmSpendAs(nobody, place.ledger, ...change);
        expect({ change, code, stderr }).toEqual({ change, code: 1, stderr: expect.stringContaining('No permission') });
      }
      expect(contentsOf(place.folder)).toEqual(before);
    });
  },
);
