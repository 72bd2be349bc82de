import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteLedger } from '../../../../src/ledger/sqlite/sqliteLedger.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';

const USAGE: UsageInput = {
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: 0.01,
  note: 'x'.repeat(300),
};
const PAGE = 4096;
let folder: string;
let path: string;
const opened: SqliteLedger[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-damage-'));
  path = join(folder, 'costs.db');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

function ledger(): SqliteLedger {
  const one = new SqliteLedger({ ledger: path, pricing: false });
  opened.push(one);
  return one;
}

/** `count` records, closed, with or without its copy. */
async function filled(count: number, copy: boolean): Promise<void> {
  const one = ledger();
  await one.trackAll(Array.from({ length: count }, (_, i) => ({ ...USAGE, usage_id: `id-${i}` })));
  await one.close();
  if (!copy) rmSync(`${path}.prev`, { force: true });
}

function overwrite(at: number, bytes: number, file = path): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, new Uint8Array(bytes).fill(0xa5), 0, bytes, at);
  closeSync(fd);
}

describe('a damaged database', () => {
  it('without its header is said to be damaged, and all of it comes back', async () => {
    await filled(500, false);
    overwrite(0, 100);
    const one = ledger();
    expect((await one.refresh()).health).toBe('damaged');
    expect((await one.verify()).health).toBe('damaged');
    const plan = await one.repair({ dryRun: true });
    expect(plan).toMatchObject({ records: 500, recovered: 500, keptIn: undefined });
    const done = await one.repair();
    expect(done).toMatchObject({ records: 500, recovered: 500 });
    expect(existsSync(done.keptIn ?? '')).toBe(true);
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 500 });
    const after = await one.verify();
    expect(after.health).toBe('ok');
    expect(after.problems).toMatchObject([{ code: 'kept-aside', severity: 'warning' }]);
  });

  it('gives what can be read, and its copy the rest', async () => {
    await filled(2_000, true);
    const size = statSync(path).size;
    for (let page = 20; page < 40; page++) overwrite(page * PAGE, PAGE);
    const one = ledger();
    expect((await one.verify()).health).toBe('damaged');
    expect(await one.repair()).toMatchObject({ records: 2_000, recovered: 2_000 });
    expect(size).toBeGreaterThan(40 * PAGE);
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 2_000 });
  });

  it('gives what can be read without a copy', async () => {
    await filled(2_000, false);
    for (let page = 100; page < 104; page++) overwrite(page * PAGE, PAGE);
    const one = ledger();
    const { records } = await one.repair();
    expect(records).toBeGreaterThan(1_800);
    expect(await one.refresh()).toMatchObject({ health: 'ok', records });
  });

  it('is mended by the record that meets it, and that record is in it', async () => {
    await filled(300, false);
    overwrite(0, 100);
    const one = ledger();
    await one.track({ ...USAGE, usage_id: 'new' });
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 301 });
    expect(readdirSync(folder).filter((name) => name.includes('.corrupt.'))).not.toEqual([]);
  });

  it('that was cut short is mended from its copy', async () => {
    await filled(1_000, true);
    truncateSync(path, 10 * PAGE);
    expect(await ledger().repair()).toMatchObject({ records: 1_000 });
  });

  it('that is gone comes back from its copy with the next record', async () => {
    await filled(50, true);
    rmSync(path);
    const one = ledger();
    expect((await one.refresh()).problems).toMatchObject([{ code: 'lost-file' }]);
    await one.track(USAGE);
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 51 });
  });

  it('does not bring back what was removed on purpose', async () => {
    await filled(50, true);
    const first = ledger();
    await first.remove(['id-1', 'id-2']);
    await first.close();
    overwrite(0, 100);
    const one = ledger();
    await one.repair();
    expect(await one.refresh()).toMatchObject({ records: 48 });
  });

  it('lets go of a file that was replaced under it', async () => {
    await filled(5, false);
    const one = ledger();
    expect((await one.refresh()).records).toBe(5);
    rmSync(path);
    for (const ending of ['-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
    await one.track(USAGE);
    expect((await one.refresh()).records).toBe(1);
  });
});

describe('a file that is no ledger', () => {
  it('of another program is left alone', async () => {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE theirs (a)');
    db.close();
    const one = ledger();
    expect(await one.refresh()).toMatchObject({ health: 'unavailable' });
    await expect(one.track(USAGE)).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('of a newer version is left alone', async () => {
    await filled(1, false);
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(ledger().track(USAGE)).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('and empty becomes one', async () => {
    writeFileSync(path, '');
    const one = ledger();
    expect((await one.refresh()).health).toBe('missing');
    await one.track(USAGE);
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 1 });
  });

  it('is a folder', async () => {
    const one = new SqliteLedger({ ledger: folder });
    expect((await one.refresh()).health).toBe('unavailable');
    await expect(one.track(USAGE)).rejects.toMatchObject({ code: 'not-a-file' });
    await one.close();
  });
});
