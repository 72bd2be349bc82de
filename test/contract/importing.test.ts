import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { codex } from '../../src/sources/codex/index.ts';
import { importSource } from '../../src/sources/import/import.ts';
import type { ImportReport } from '../../src/sources/import/options.ts';
import { fastFolder } from '../fixtures/fastFolder.mts';
import { callsIn, FOLDER, fork, forkAt, MINUTE, parent, START, textOf, type Session } from '../fixtures/codexFamily.ts';
import { idOf } from '../unit/sources/agents/expected.ts';
import { contractPlace, STORES } from './stores.ts';

/** An import that takes back what it stored: Codex' forks repeat calls of sessions whose files appear later, or are gone. */

// The ledger in memory has no path, beside which an import could note how far it came.
describe.each(STORES.filter(({ isShared }) => isShared))("Codex' forks in a $title ledger", (row) => {
  const place = contractPlace(row);
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(fastFolder(), 'llm-spend-forks-'));
    vi.stubEnv('XDG_STATE_HOME', join(home, 'state'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  const pathOf = ({ id }: Session): string => join(home, FOLDER, `rollout-${id}.jsonl`);
  function write(session: Session): void {
    mkdirSync(dirname(pathOf(session)), { recursive: true });
    writeFileSync(pathOf(session), textOf(session));
  }

  async function imported(): Promise<ImportReport> {
    const ledger = place.open();
    const report = await importSource(codex, codex.locate({ platform: 'linux', env: {}, home }), {
      path: place.name,
      ledger: async () => ledger,
      pricer: async () => undefined,
      now: () => START + 100_000 * MINUTE,
    });
    await ledger.close();
    return report;
  }

  const counted = async (): Promise<string[]> => callsIn(await place.open().read());

  it('have a replay until the file of their session appears', async () => {
    const a = parent();
    const b = fork('b', a, [70, 80]);
    write(b);
    await imported();
    expect(await counted()).toEqual(['b 1000', 'b 2000', 'b 3000', 'b 70', 'b 80']);
    write(a);
    expect(await imported()).toMatchObject({ added: 3, updated: 3 });
    const truth = ['b 70', 'b 80', 'parent 1000', 'parent 2000', 'parent 3000'];
    expect(await counted()).toEqual(truth);
    expect(await imported()).toMatchObject({ added: 0, updated: 0, bytes: 0 });
    // The replay was removed as one change, which can be taken back like any other.
    const ledger = place.open();
    expect(await ledger.undo({ dryRun: true })).toBeDefined();
    expect(await counted()).toEqual(truth);
  });

  it('have none after the records of their session, whose file is gone', async () => {
    const a = parent();
    const b = fork('b', a, [70, 80]);
    write(a);
    await imported();
    rmSync(pathOf(a));
    write(b);
    expect(await imported()).toMatchObject({ added: 2 });
    expect(await counted()).toEqual(['b 70', 'b 80', 'parent 1000', 'parent 2000', 'parent 3000']);
  });

  it('have none that two of them share', async () => {
    const a = parent();
    for (const each of [fork('b', a, [70]), fork('c', a, [90])]) {
      write(each);
      await imported();
    }
    expect(await counted()).toEqual(['b 70', 'c 90']);
  });

  it('have the same ids as in every other store', async () => {
    const a = parent();
    write(fork('b', a, [70, 80]));
    await imported();
    write(a);
    await imported();
    const ids = (await place.open().read()).map(({ usage_id }) => usage_id).sort();
    const id = (at: number, input: number): string =>
      idOf('codex-log', new Date(at).toISOString(), 'gpt-5', input, 0, input, 0, 2 * input);
    const own = [1000, 2000, 3000].map((input, i) => id(START + (i + 1) * MINUTE, input));
    const forked = [70, 80].map((input, i) => id(forkAt + (i + 30) * MINUTE, input));
    expect(ids).toEqual([...own, ...forked].sort());
  });
});
