import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { PROGRAM_CACHE } from '../../fixtures/programCache.ts';
import { call } from '../usages.ts';
import { contractPlace, STORES } from '../stores.ts';

/** The quick form: `test/process/ledger/kills.test.ts` and the soak go on for longer, through the command. */
const KILLS = Number(process.env['LLM_SPEND_CONTRACT_KILLS'] ?? 6);
const WRITERS = 3;
const PROGRAM = fileURLToPath(new URL('writer.ts', import.meta.url));

/** A process that records, and what it acknowledged. */
class Victim {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  #acknowledged: () => void = () => undefined;

  constructor(ledger: string, acknowledged: Set<string>) {
    const quiet = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=ExperimentalWarning'];
    const env = { ...process.env, ...PROGRAM_CACHE };
    this.process = spawn(process.execPath, [...quiet, PROGRAM, ledger], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.process.stdin!.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.process.on('close', resolve));
    createInterface({ input: this.process.stdout! }).on('line', (id) => {
      // An id that a kill cut off was not acknowledged.
      if (id.length === 36) acknowledged.add(id);
      this.#acknowledged();
    });
  }

  /** Resolves when it has acknowledged something more. */
  next(): Promise<void> {
    return new Promise((resolve) => (this.#acknowledged = resolve));
  }
}

const running = new Set<Victim>();
afterEach(() => {
  for (const { process } of running) process.kill('SIGKILL');
  running.clear();
});

describe.each(STORES.filter(({ isShared }) => isShared))('processes that record into one $title ledger', (row) => {
  const place = contractPlace(row, tmpdir());

  it('lose nothing that they acknowledged when they are killed', async () => {
    const acknowledged = new Set<string>();
    const start = (): Victim => {
      const victim = new Victim(place.name, acknowledged);
      running.add(victim);
      return victim;
    };
    const victims = Array.from({ length: WRITERS }, start);
    for (let kill = 0; kill < KILLS; kill++) {
      const at = kill % WRITERS;
      const victim = victims[at]!;
      await victim.next();
      await wait(Math.random() * 40);
      victim.process.kill('SIGKILL');
      await victim.ended;
      running.delete(victim);
      victims[at] = start();
    }
    for (const victim of victims) {
      await victim.next();
      victim.process.stdin!.end();
      expect(await victim.ended).toBe(0);
    }
    const ledger = place.open();
    await ledger.track(call('next'));
    expect(await ledger.flush(120_000)).toBe(true);
    await ledger.refresh();
    const counts = new Map<string, number>();
    for (const { usage_id: id } of await ledger.read()) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect(acknowledged.size).toBeGreaterThan(KILLS);
    expect([...acknowledged].filter((id) => counts.get(id) !== 1)).toEqual([]);
    const { health, problems } = await ledger.verify();
    expect([health, problems]).toEqual(['ok', []]);
  });
});
