import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Checkpoints } from '../../../../src/ledger/json/checkpoint.ts';
import { LedgerIndex } from '../../../../src/ledger/json/index.ts';
import { writeFileAtomically } from '../../../../src/system/atomicFile.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';

/** Files planted beside a ledger by other users, and files owned by them. */

let folder: string;
let ledger: string;
let victim: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-beside-'));
  ledger = join(folder, 'costs.json');
  victim = join(folder, 'profile');
  writeFileSync(victim, 'export PATH\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const usage = (id: string): UsageInput => ({
  usage_id: id,
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: 0.5,
  note: 'x'.repeat(1000),
});

async function withTracker<T>(use: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger, pricing: false });
  try {
    return await use(tracker);
  } finally {
    await tracker.close();
  }
}

describe.skipIf(process.platform === 'win32')('a planted undo log', () => {
  test.each([
    ['a link', (path: string): void => symlinkSync(victim, path), /costs\.json\.undo is a link/],
    ['a second name of another file', (path: string): void => linkSync(victim, path), /second name/],
    ['a folder', (path: string): void => mkdirSync(path) as undefined, /costs\.json\.undo is a folder/],
    ['a pipe', (path: string): void => void execFileSync('mkfifo', [path]), /costs\.json\.undo is a pipe/],
  ])('that is %s is refused by name, and nothing is written to it', async (_, plant, message) => {
    await withTracker((tracker) => tracker.trackAll([usage('a'), usage('b')]));
    plant(`${ledger}.undo`);
    await expect(withTracker((tracker) => tracker.remove(['a']))).rejects.toThrow(message);
    expect(readFileSync(victim, 'utf8')).toBe('export PATH\n');
    expect(await withTracker(async (tracker) => (await tracker.read()).length)).toBe(2);
  });
});

test.skipIf(process.platform === 'win32')(
  'a planted checkpoint is replaced, and what it leads to is left alone',
  async () => {
    await withTracker((tracker) => tracker.trackAll(Array.from({ length: 200 }, (_, i) => usage(`id-${i}`))));
    const checkpoint = join(folder, '.costs.json.checkpoint');
    symlinkSync(victim, checkpoint);
    const buffer = readFileSync(ledger);
    const index = new LedgerIndex(ledger);
    await index.extend({ buffer, length: buffer.length }, false);
    await new Checkpoints(nodeDisk, { folder, base: 'costs.json', path: ledger }).save(
      { buffer, length: buffer.length },
      index,
    );
    expect(lstatSync(checkpoint).isSymbolicLink()).toBe(false);
    expect(JSON.parse(readFileSync(checkpoint, 'utf8'))).toMatchObject({ elements: 200 });
    expect(readFileSync(victim, 'utf8')).toBe('export PATH\n');
  },
);

describe.skipIf(process.getuid?.() !== 0)("files beside a ledger that root's commands write", () => {
  const OWNER = 65_534;

  /** A ledger of another user with a backup. */
  async function othersLedger(name: string): Promise<void> {
    ledger = join(folder, name);
    await withTracker((tracker) => tracker.trackAll([usage('a'), usage('b')]));
    for (const each of readdirSync(folder).filter((found) => found.startsWith(name))) {
      chownSync(join(folder, each), OWNER, OWNER);
      chmodSync(join(folder, each), 0o640);
    }
  }

  function expectOwner(...names: string[]): void {
    const side = readdirSync(folder).filter((name) => name.startsWith('costs.'));
    expect(side).toEqual(expect.arrayContaining(names));
    for (const name of side) {
      const { uid, gid, mode } = statSync(join(folder, name));
      expect([name, uid, gid, (mode & 0o777).toString(8)]).toEqual([name, OWNER, OWNER, '640']);
    }
  }

  test('belong to its owner after a removal', async () => {
    await othersLedger('costs.json');
    await withTracker(async (tracker) => {
      await tracker.remove(['a']);
      await tracker.track(usage('c'));
    });
    expectOwner('costs.json', 'costs.json.undo', 'costs.json.prev');
  });

  test('belong to its group where only root may give files to others', async () => {
    await othersLedger('costs.json');
    const prices = join(folder, 'prices.json');
    writeFileSync(prices, '{}');
    chownSync(prices, OWNER, OWNER);
    const refused = Object.assign(new Error('not root'), { code: 'EPERM' });
    const disk: Disk = {
      ...nodeDisk,
      fchown: async (fd, uid, gid) => (uid === 0 ? nodeDisk.fchown(fd, uid, gid) : Promise.reject(refused)),
    };
    const tracker = new CostTracker({ ledger, pricing: false, disk });
    await tracker.track(usage('c'));
    await tracker.flush();
    await tracker.clear();
    await tracker.close();
    await writeFileAtomically(prices, '{"a":1}', { disk });
    for (const name of readdirSync(folder).filter((found) => found !== 'profile')) {
      expect([name, statSync(join(folder, name)).gid]).toEqual([name, OWNER]);
    }
  });

  test('belong to its owner when a missing ledger is restored', async () => {
    await othersLedger('costs.json');
    await withTracker((tracker) => tracker.track(usage('c')));
    rmSync(ledger);
    await withTracker((tracker) => tracker.track(usage('d')));
    expectOwner('costs.json', 'costs.json.prev');
  });

  test.each(['costs.json', 'costs.db'])('belong to its owner after a clear: %s', async (name) => {
    await othersLedger(name);
    const { keptIn } = await withTracker((tracker) => tracker.clear());
    expectOwner(name, basename(keptIn!));
  });

  test('belong to its owner after the repair of a database', async () => {
    await othersLedger('costs.db');
    rmSync(`${ledger}.prev`, { force: true });
    const bytes = readFileSync(ledger);
    bytes.fill(0xff, 0, 100);
    writeFileSync(ledger, bytes);
    await withTracker((tracker) => tracker.repair());
    expect(await withTracker(async (tracker) => (await tracker.read()).length)).toBe(2);
    expectOwner('costs.db');
  });
});

test.skipIf(process.platform === 'win32')('a folder in the place of a token is named, and not the ledger', async () => {
  const token = join(folder, '.costs.json.1-1-0-1-abcdef.tok');
  mkdirSync(token);
  await withTracker(async (tracker) => {
    await tracker.track(usage('a'));
    await expect(tracker.clear()).rejects.toThrow(`${token} is a folder.`);
    rmSync(token, { recursive: true });
  });
  expect(await withTracker(async (tracker) => (await tracker.read()).length)).toBe(1);
});
