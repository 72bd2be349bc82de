import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../src/library/index.ts';

/** Files of a later version are refused with a helpful message, or preserved; never damaged. */

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-newer-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const usage = { provider: 'p', model: 'm', operation: 'o', cost_usd: 1 };

async function withTracker<T>(name: string, work: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger: join(folder, name), pricing: false });
  try {
    return await work(tracker);
  } finally {
    await tracker.close();
  }
}

const contents = (): Map<string, string> =>
  new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));

describe('a database of a later schema', () => {
  it.each([
    ['track', (tracker: CostTracker) => tracker.track(usage)],
    ['summary', (tracker: CostTracker) => tracker.summary()],
    ['remove', (tracker: CostTracker) => tracker.remove(['a'])],
    ['undo', (tracker: CostTracker) => tracker.undo()],
    ['clear', (tracker: CostTracker) => tracker.clear()],
    ['repair', (tracker: CostTracker) => tracker.repair()],
  ])('%s says that this version is to be updated, and changes nothing', async (_, work) => {
    await withTracker('costs.db', (tracker) => tracker.track({ ...usage, usage_id: 'a' }));
    const db = new DatabaseSync(join(folder, 'costs.db'));
    db.exec('PRAGMA user_version = 2');
    db.close();
    const before = contents();
    await withTracker('costs.db', async (tracker) => {
      await expect(work(tracker)).rejects.toThrow(
        /costs\.db was written by a newer version of LLM Spend\. Update this/,
      );
      const { health, problems } = await tracker.verify();
      expect(health).toBe('unavailable');
      expect(problems.map(({ message }) => message)).toContainEqual(expect.stringMatching(/Update this one/));
    });
    expect(contents()).toEqual(before);
  });
});

describe('a JSON ledger with fields of a later version', () => {
  it('keeps them, byte for byte, through a record, a removal and its undo', async () => {
    const element = `{"usage_id":"a","provider":"p","model":"m","operation":"o","cost_usd":1,"timestamp":"2026-01-01T00:00:00Z","later":{"x":[1e0]}}`;
    writeFileSync(join(folder, 'costs.json'), `[\n  ${element}\n]`);
    await withTracker('costs.json', async (tracker) => {
      await tracker.track(usage);
      await tracker.remove(['a']);
      await tracker.undo();
      await tracker.flush();
    });
    expect(readFileSync(join(folder, 'costs.json'), 'utf8')).toContain(element);
  });

  it('is not harmed by a line of the undo log that this version does not know', async () => {
    await withTracker('costs.json', async (tracker) => {
      await tracker.track({ ...usage, usage_id: 'a' });
      await tracker.track({ ...usage, usage_id: 'b' });
      await tracker.remove(['a']);
    });
    const log = join(folder, 'costs.json.undo');
    const line = '{"seq":2,"op":"of-a-later-version","at":"2027-01-01T00:00:00Z","what":[1]}\n';
    writeFileSync(log, readFileSync(log, 'utf8') + line);
    await withTracker('costs.json', async (tracker) => {
      await tracker.track({ ...usage, usage_id: 'c' });
    });
    await withTracker('costs.json', async (tracker) => {
      expect(await tracker.undo()).toMatchObject({ undone: 'remove', records: 1 });
      expect((await tracker.read()).map(({ usage_id }) => usage_id).sort()).toEqual(['a', 'b', 'c']);
    });
    expect(readFileSync(log, 'utf8')).toContain(line);
  });
});
