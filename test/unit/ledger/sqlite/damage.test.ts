import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import { SqliteStore } from '../../../../src/ledger/sqlite/store.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
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
const opened: CostTracker[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-damage-'));
  path = join(folder, 'costs.db');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

function ledger(): CostTracker {
  const one = new CostTracker({ ledger: path, pricing: false });
  opened.push(one);
  return one;
}

/** A closed database with `count` records, with or without its copy. */
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

/** The names of kept files with this ending. */
function kept(ending: string): string[] {
  return readdirSync(folder).filter((name) => name.includes('.corrupt.') && name.endsWith(ending));
}

/** Temporary files. */
function leftovers(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('.') || name.endsWith('.lock'));
}

function contents(): [string, string][] {
  return readdirSync(folder)
    .filter((name) => !name.endsWith('-shm'))
    .map((name) => [name, readFileSync(join(folder, name), 'latin1')]);
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

  it('whose header has the number of a format that does not exist is damaged, and all of it comes back', async () => {
    await filled(500, false);
    overwrite(44, 4);
    const one = ledger();
    expect((await one.refresh()).health).toBe('damaged');
    expect(await one.repair()).toMatchObject({ records: 500, recovered: 500 });
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 500 });
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
    // Records that only the file had may be missing.
    expect(await one.refresh()).toMatchObject({ health: 'damaged', records: 51, problems: [{ code: 'incomplete' }] });
  });

  it('that lost its first page as a whole comes back too', async () => {
    await filled(500, false);
    overwrite(0, PAGE);
    expect(await ledger().repair()).toMatchObject({ records: 500, recovered: 500 });
    expect(leftovers()).toEqual([]);
  });

  it('in which the way to the records is lost gives those that stand on its pages', async () => {
    await filled(2_000, false);
    // The root page of the table.
    overwrite(PAGE, PAGE);
    expect((await ledger().repair()).records).toBe(2_000);
  });

  it('that was cut short gives what is left of it without a copy', async () => {
    await filled(6_000, false);
    truncateSync(path, Math.floor((statSync(path).size * 0.6) / PAGE) * PAGE);
    expect((await ledger().repair()).records).toBeGreaterThan(3_000);
  });

  it('does not give what was cleared, though it still stands on its pages', async () => {
    await filled(500, false);
    const one = ledger();
    await one.clear();
    await one.track({ ...USAGE, usage_id: 'after' });
    await one.close();
    overwrite(PAGE, 16);
    const next = ledger();
    await next.repair();
    expect((await next.read()).length).toBeLessThanOrEqual(1);
  });

  it('takes a record that was made unreadable from its copy', async () => {
    await filled(50, true);
    const db = new DatabaseSync(path);
    db.exec("UPDATE record SET text = 'x' WHERE seq = 7");
    db.close();
    expect(await ledger().repair()).toMatchObject({ records: 50, recovered: 1 });
    expect(await ledger().verify()).toMatchObject({ health: 'ok', records: 50 });
  });

  it('stays as it is in a dry run', async () => {
    await filled(500, false);
    overwrite(0, 100);
    const before = contents();
    expect((await ledger().repair({ dryRun: true })).records).toBe(500);
    expect(contents()).toEqual(before);
  });

  it('that is gone comes back from its log, which no new database meets', async () => {
    // The main file has the content from before the log.
    await filled(300, false);
    const writing = ledger();
    await writing.trackAll(Array.from({ length: 50 }, (_, i) => ({ ...USAGE, usage_id: `late-${i}` })));
    const { db, log } = { db: readFileSync(path), log: readFileSync(`${path}-wal`) };
    await writing.close();
    rmSync(`${path}.prev`, { force: true });
    rmSync(path);
    // The state after a crash, followed by the deletion of the database.
    writeFileSync(`${path}-wal`, log);
    expect((await ledger().refresh()).problems).toMatchObject([{ code: 'lost-file' }]);
    const one = ledger();
    await one.track({ ...USAGE, usage_id: 'new' });
    await one.close();
    const { problems } = await ledger().verify();
    expect(problems.map(({ code }) => code)).toContain('incomplete');
    expect(problems.flatMap(({ code, severity }) => (severity === 'error' ? [code] : []))).toEqual(['incomplete']);
    expect(one.state.records).toBeLessThan(351);
    expect(kept('-wal').map((name) => readFileSync(join(folder, name)))).toEqual([log]);
    // Restoring the database restores all of its content.
    const found = join(folder, kept('-wal')[0]!.slice(0, -'-wal'.length));
    writeFileSync(found, db);
    rmSync(path);
    rmSync(`${path}.prev`, { force: true });
    expect(await ledger().repair()).toMatchObject({ records: 350 });
  });

  it('whose mending ended before the new one was in its place is mended by whoever comes next', async () => {
    await filled(300, true);
    const one = ledger();
    await one.track({ ...USAGE, usage_id: 'after the copy' });
    await one.remove(['id-7']);
    await one.close();
    renameSync(path, `${path}.corrupt.1700000000000-abcdef`);
    expect((await ledger().refresh()).problems).toMatchObject([{ code: 'lost-file' }]);
    const next = ledger();
    await next.track({ ...USAGE, usage_id: 'new' });
    const ids = (await next.read()).map(({ usage_id }) => usage_id);
    expect(ids).toHaveLength(301);
    expect(ids).toEqual(expect.arrayContaining(['id-6', 'after the copy', 'new']));
    expect(ids).not.toContain('id-7');
  });

  it('keeps what others record while it is being mended', async () => {
    await filled(4_000, false);
    const writing = ledger();
    await writing.track({ ...USAGE, usage_id: 'first' });
    // A row in the middle together with those on its page: appending seldom notices it.
    const at = readFileSync(path).indexOf('"usage_id":"id-1000"');
    overwrite(at - (at % PAGE), PAGE);
    const repairing = ledger().repair();
    const added: string[] = [];
    for (let ended = false; !ended;) {
      const { usage_id } = await writing.track({ ...USAGE, usage_id: `during-${added.length}` });
      added.push(usage_id);
      ended = await Promise.race([repairing.then(() => true), turn(false)]);
    }
    await repairing;
    // By the repair, or by the writer when it came to that page first.
    expect(readdirSync(dirname(path)).filter((name) => /\.corrupt\.\d+-\w+$/.test(name))).toHaveLength(1);
    const ids = new Set((await ledger().read()).map(({ usage_id }) => usage_id));
    expect(['first', ...added].filter((id) => !ids.has(id))).toEqual([]);
    expect((await ledger().verify()).health).toBe('ok');
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

describe('a database with pages that cannot be read', () => {
  it('fails each question that needs them with the reason, and answers the others', async () => {
    await filled(5_000, false);
    const one = ledger();
    // It reads the records that are not sealed, not the first ones.
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 5_000 });
    for (let page = 100; page < 104; page++) overwrite(page * PAGE, PAGE);
    const damaged = { name: 'LedgerError', code: 'damaged', message: expect.stringContaining(path) as string };
    const page = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 2_000 } as const;
    await expect(one.page(page)).rejects.toMatchObject(damaged);
    await expect(one.read()).rejects.toMatchObject(damaged);
    expect((await one.page({ ...page, descending: true, limit: 1 })).total).toBe(5_000);
  });
});

describe('a database that is gone', () => {
  it('comes back from its copy into an empty file that another program made meanwhile', async () => {
    await filled(30, true);
    rmSync(path);
    const meanwhile = async (from: string, to: string): Promise<void> => {
      if (to === path) writeFileSync(path, '');
      await nodeDisk.link(from, to);
    };
    const one = new CostTracker({ ledger: path, pricing: false, disk: { ...nodeDisk, link: meanwhile } });
    opened.push(one);
    await one.track({ ...USAGE, usage_id: 'new' });
    expect(await one.refresh()).toMatchObject({ records: 31 });
    expect(leftovers()).toEqual([]);
  });
});

describe('columns that do not say what the rows say', () => {
  it('are found by verify, and made anew by a repair', async () => {
    await filled(5_000, false);
    const db = new DatabaseSync(path);
    // Like an SQL prompt, or a disk that flips a digit that SQLite does not check.
    db.exec(`UPDATE record SET text = replace(text, '"cost_usd":0.01', '"cost_usd":0.03') WHERE seq = 7`);
    db.close();
    const one = ledger();
    expect((await one.verify()).problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining('The sums of 4096 records') as string },
      { severity: 'error', message: expect.stringContaining('1 records state two values') as string },
    ]);
    expect((await one.repair({ dryRun: true })).actions).toEqual([
      'records with damaged texts or columns, tagged "damaged": 1',
      'records whose sums are rebuilt from their rows: 4096',
    ]);
    expect((await one.summary()).recordedNanos).toBe(50_000_000_000n);
    expect(await one.repair()).toMatchObject({ records: 5_000, keptIn: undefined });
    expect((await one.summary()).recordedNanos).toBe(50_020_000_000n);
    expect((await one.verify()).problems).toEqual([]);
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
    const one = new Ledger(new SqliteStore({ path: folder }));
    expect((await one.refresh()).health).toBe('unavailable');
    await expect(one.track(USAGE)).rejects.toMatchObject({ code: 'not-a-file' });
    await one.close();
  });
});
