import * as fc from 'fast-check';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ledger } from '../../../../src/ledger/ledger.ts';
import { UserPrices } from '../../../../src/prices/index.ts';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { codex } from '../../../../src/sources/codex/index.ts';
import { undoLedger } from '../../../../src/sources/import/undo.ts';
import { sealImports } from '../../../../src/sources/import/seal.ts';
import { statePath } from '../../../../src/sources/import/state.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { seeded, writeOddClaude, writeOddCodex } from '../../../fixtures/oddLogs.ts';
import { World, jsonLines } from '../world.ts';
import { runs } from '../../../long.ts';

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const LOG = '.claude/projects/-home-me-site/one.jsonl';

function reply(n: number, more: { output?: number; timestamp?: string } = {}): object {
  return {
    timestamp: more.timestamp ?? '2026-11-20T10:00:00.000Z',
    sessionId: 'one',
    version: '2.1.0',
    cwd: '/home/me/site',
    gitBranch: 'main',
    requestId: `req_${n}`,
    message: {
      id: `msg_${n}`,
      model: 'claude-sonnet-4-5',
      usage: { input_tokens: 10, output_tokens: more.output ?? 20 },
    },
  };
}

/** Every log below a folder, absolute. */
function logsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      // Links lead back up.
      return entry.isDirectory() ? logsIn(path) : entry.isFile() && path.endsWith('.jsonl') ? [path] : [];
    })
    .sort();
}

/** Long after the logs were written. */
const later = (): number => Date.now() + 120_000;

const TREES: readonly [string, Source, (home: string, seed: number) => void][] = [
  ['Claude Code', claudeCode, writeOddClaude],
  ['Codex', codex, writeOddCodex],
];

describe('import', () => {
  test('nothing from nowhere', async () => {
    const report = await world.import(claudeCode);
    expect(report).toMatchObject({ files: 0, added: 0, updated: 0, skipped: {} });
    expect(await world.records()).toEqual([]);
  });

  test('all of an undone import comes again, also what came before a later one', async () => {
    vi.stubEnv('XDG_STATE_HOME', join(world.home, 'state'));
    world.file(LOG, jsonLines(reply(1), reply(2)));
    const { undoableAt } = await world.importOnce(claudeCode);
    appendFileSync(join(world.home, LOG), jsonLines(reply(3)));
    await world.import(claudeCode);
    const before = await world.records();
    const ledger = world.ledger();
    expect(await undoLedger(ledger, { importedAt: undoableAt! })).toMatchObject({ undone: 'import', records: 2 });
    await ledger.close();
    expect(await world.records()).toHaveLength(1);
    expect(await world.import(claudeCode)).toMatchObject({ added: 2, updated: 0 });
    expect(await world.records()).toEqual(before);
    vi.unstubAllEnvs();
  });

  test('what was there before stays, twice is once', async () => {
    world.file(LOG, jsonLines(reply(1), reply(2)));
    expect(await world.import(claudeCode)).toMatchObject({ added: 2, updated: 0, unchanged: 0 });
    const before = await world.records();
    expect(await world.import(claudeCode)).toMatchObject({ added: 0, updated: 0, unchanged: 1, bytes: 0 });
    expect(await world.records()).toEqual(before);
  });

  test('a reply that has grown is updated, not doubled', async () => {
    const file = world.file(LOG, jsonLines(reply(1, { output: 1 })));
    await world.import(claudeCode);
    appendFileSync(file, jsonLines(reply(1, { output: 500 }), reply(1, { output: 3 })));
    expect(await world.import(claudeCode)).toMatchObject({ added: 0, updated: 1 });
    expect((await world.records()).map((record) => record.output_tokens)).toEqual([500]);
  });

  test('costs are estimates by our prices', async () => {
    world.file(LOG, jsonLines(reply(1)));
    const prices = new UserPrices({ folder: world.home });
    await world.import(claudeCode, { pricer: () => prices.pricer() });
    expect(await world.records()).toMatchObject([
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        cost_usd: 0.00033,
        cost_known: true,
        billing_mode: 'estimated',
        project: 'site',
        branch: 'main',
        session_id: 'one',
        tool_version: '2.1.0',
        source: 'claude-code-log',
      },
    ]);
  });

  test('a dry run stores nothing, and says what an import would', async () => {
    const file = world.file(LOG, jsonLines(reply(1)));
    expect(await world.import(claudeCode, { dryRun: true })).toMatchObject({ added: 1 });
    expect(readdirSync(world.home)).toEqual(['.claude']);
    await world.import(claudeCode);
    appendFileSync(file, jsonLines(reply(1, { output: 99 }), reply(2)));
    expect(await world.import(claudeCode, { dryRun: true })).toMatchObject({ added: 1, updated: 1 });
    expect(await world.records()).toHaveLength(1);
  });

  test('a dry run counts a usage once, however far apart its tellings are', async () => {
    const replies = Array.from({ length: 700 }, (_, i) => [reply(i), reply(i, { output: 99 })]).flat();
    const told = jsonLines(...replies);
    const sidechain = (line: object): object => ({ ...line, isSidechain: true });
    const requestedAgain = (line: object): object => ({ ...line, requestId: 'another' });
    world.file(LOG, told);
    // A session that was resumed has all that was said before.
    world.file(LOG.replace('one', 'two'), told + jsonLines(reply(1_000)));
    world.file(LOG.replace('one', 'sides'), jsonLines(...replies.map(sidechain)));
    world.file(LOG.replace('one', 'twice'), jsonLines(...replies.map(requestedAgain)));
    const { added, updated, unpriced } = await world.import(claudeCode, { name: 'a.db', dryRun: true });
    expect({ added, updated, unpriced }).toEqual({ added: 1_401, updated: 0, unpriced: 1_401 });
    await world.import(claudeCode, { name: 'a.db' });
    expect(await world.records('a.db')).toHaveLength(1_401);
    world.file(LOG.replace('one', 'three'), jsonLines(...replies.map((_, i) => reply(i, { output: 500 }))));
    const again = await world.import(claudeCode, { name: 'a.db', dryRun: true });
    expect(again).toMatchObject({ added: 699, updated: 701, unpriced: 1_400 });
  });

  test('since leaves out what is older, and does not hide it from a later import', async () => {
    world.file(LOG, jsonLines(reply(1, { timestamp: '2026-01-01T00:00:00Z' }), reply(2)));
    const since = Date.parse('2026-06-01T00:00:00Z');
    expect(await world.import(claudeCode, { since })).toMatchObject({ added: 1 });
    expect(await world.import(claudeCode)).toMatchObject({ added: 1 });
  });

  test('a ledger that was emptied is filled again', async () => {
    world.file(LOG, jsonLines(reply(1)));
    await world.import(claudeCode);
    const ledger = world.ledger();
    await ledger.clear();
    await ledger.close();
    expect(await world.import(claudeCode)).toMatchObject({ added: 1 });
  });

  test('an import that finds nothing new does not open the ledger, until somebody has changed it', async () => {
    world.file(LOG, jsonLines(reply(1)));
    const name = 'imported.db';
    await world.import(claudeCode, { name });
    const path = join(world.home, name);
    await sealImports(path, [claudeCode.id], async () => world.ledger(name));
    const opened: string[] = [];
    const ledger = async (): Promise<Ledger> => {
      opened.push(name);
      return world.ledger(name);
    };
    expect(await world.import(claudeCode, { name, ledger })).toMatchObject({ added: 0, unchanged: 1 });
    expect(opened).toEqual([]);

    const other = world.ledger(name);
    await other.clear();
    await other.close();
    expect(await world.import(claudeCode, { name, ledger })).toMatchObject({ added: 1, unchanged: 0 });
    expect(opened).not.toEqual([]);
  });

  test('a ledger that lost what was imported is not said to have it', async () => {
    world.file(LOG, jsonLines(reply(1)));
    await world.import(claudeCode);
    const ledger = world.ledger();
    await ledger.clear();
    await ledger.close();
    await sealImports(ledger.path, [claudeCode.id], async () => world.ledger());
    expect(await world.import(claudeCode)).toMatchObject({ added: 1 });
  });

  test('the note that a ledger has what was imported does not undo what another import noted', async () => {
    world.file(LOG, jsonLines(reply(1)));
    const name = 'imported.db';
    const path = join(world.home, name);
    await world.import(claudeCode, { name });
    const early = readFileSync(statePath(path, claudeCode.id));
    world.file('.claude/projects/-home-me-site/copy.jsonl', jsonLines(reply(1)));
    await world.import(claudeCode, { name });
    const late = readFileSync(statePath(path, claudeCode.id));
    writeFileSync(statePath(path, claudeCode.id), early);
    await sealImports(path, [claudeCode.id], async () => {
      writeFileSync(statePath(path, claudeCode.id), late);
      return world.ledger(name);
    });
    expect(await world.import(claudeCode, { name })).toMatchObject({ files: 2, unchanged: 2 });
  });

  test('a cancelled import keeps what it had, and the next one does the rest', async () => {
    world.file(LOG, jsonLines(reply(1)));
    world.file('.claude/projects/-home-me-site/two.jsonl', jsonLines(reply(2)));
    const cancel = new AbortController();
    const stopped = world.import(claudeCode, {
      signal: cancel.signal,
      onProgress: ({ filesDone }) => filesDone === 1 && cancel.abort(),
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(await world.records()).toHaveLength(1);
    expect(await world.import(claudeCode)).toMatchObject({ added: 1, unchanged: 1 });
  });

  test.runIf(process.platform !== 'win32')('links are not followed, unreadable places are named', async () => {
    const file = world.file(LOG, jsonLines(reply(1)));
    const projects = join(world.home, '.claude', 'projects');
    symlinkSync(projects, join(projects, 'loop'));
    symlinkSync(file, join(projects, 'linked.jsonl'));
    const hidden = world.file('.claude/projects/hidden/two.jsonl', jsonLines(reply(2)));
    chmodSync(join(projects, 'hidden'), 0);
    try {
      const report = await world.import(claudeCode);
      expect(report.added + report.skips.filter(({ reason }) => reason === 'unreadable-folder').length).toBe(2);
      expect(report.skipped.link).toBe(1);
    } finally {
      chmodSync(join(projects, 'hidden'), 0o700);
      rmSync(hidden);
    }
  });

  test('a log that shrank, or was replaced by another, is read from its start', async () => {
    const file = world.file(LOG, jsonLines(reply(1), reply(2), reply(3)));
    await world.import(claudeCode);
    truncateSync(file, 10);
    expect(await world.import(claudeCode)).toMatchObject({ added: 0 });
    writeFileSync(file, jsonLines(reply(9), reply(1), reply(2), reply(3), reply(4)));
    expect(await world.import(claudeCode)).toMatchObject({ added: 2 });
    expect(await world.records()).toHaveLength(5);
  });

  test('bad lines are named with file and line, the rest is imported', async () => {
    const file = world.file(
      LOG,
      Buffer.concat([
        Buffer.from(jsonLines(reply(1))),
        Buffer.from('{"message":{"usage":{"output_tokens":\n'),
        Buffer.from([0x22, 0xff, 0x22]),
        Buffer.from(`"usage":{}\n${jsonLines(reply(2, { timestamp: '2027-05-01T00:00:00Z' }))}`),
        Buffer.alloc(9_000_000, 'x'),
        Buffer.from(`\n${jsonLines(reply(3))}`),
      ]),
    );
    const { skips, added } = await world.import(claudeCode);
    expect(added).toBe(3);
    expect(skips.map(({ reason, line }) => `${reason} ${line}`)).toEqual([
      'not-json 2',
      'invalid-utf8 3',
      'future-time undefined',
      'too-long 5',
    ]);
    expect(new Set(skips.map((skip) => skip.file))).toEqual(new Set([file]));
  });

  test('a last line counts once it is whole, with its line end or without', async () => {
    const whole = jsonLines(reply(1), reply(2)).trimEnd();
    const file = world.file(LOG, whole.slice(0, -1));
    expect(await world.import(claudeCode)).toMatchObject({ added: 1, skipped: {} });
    writeFileSync(file, whole);
    expect(await world.import(claudeCode)).toMatchObject({ added: 1 });
    appendFileSync(file, `\n${jsonLines(reply(3))}`);
    expect(await world.import(claudeCode)).toMatchObject({ added: 1, updated: 0 });
  });
});

describe.each(TREES)('%s, whatever happens in between', (_, source, write) => {
  test('growing logs, cut anywhere, come to the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), fc.nat(1_000_000), async (seed, cutSeed) => {
        const here = new World();
        try {
          write(here.home, seed);
          await here.import(source, { name: 'at-once.json', now: later });
          const random = seeded(cutSeed);
          const logs = logsIn(here.home);
          const contents = logs.map((log) => readFileSync(log));
          for (const log of logs) truncateSync(log, 0);
          for (let step = 0; step < 3; step++) {
            for (const [i, log] of logs.entries()) {
              const content = contents[i]!;
              const size = statSync(log).size;
              const more = step === 2 ? content.length : size + Math.floor(random() * (content.length - size));
              appendFileSync(log, content.subarray(size, more));
            }
            await here.import(source, { name: 'in-steps.json', now: step === 2 ? later : Date.now });
            // A state that is lost costs a second reading, and nothing else.
            if (random() < 0.3) rmSync(join(here.home, `.in-steps.json.import-${source.id}`), { force: true });
          }
          expect(await here.records('in-steps.json')).toEqual(await here.records('at-once.json'));
        } finally {
          await here.dispose();
        }
      }),
      { numRuns: runs(5) },
    );
  });

  test('files in any order, one by one, from a copy elsewhere, come to the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), fc.nat(1_000_000), async (seed, orderSeed) => {
        const here = new World();
        const there = new World();
        try {
          write(here.home, seed);
          await here.import(source, { now: later });
          const random = seeded(orderSeed);
          cpSync(here.home, there.home, { recursive: true, filter: (path) => !path.includes('imported') });
          const logs = logsIn(there.home).map((log) => ({ log, content: readFileSync(log), rank: random() }));
          for (const { log } of logs) rmSync(log);
          for (const { log, content } of logs.sort((a, b) => a.rank - b.rank)) {
            writeFileSync(log, content);
            await there.import(source, { now: later });
          }
          expect(await there.records()).toEqual(await here.records());
        } finally {
          await here.dispose();
          await there.dispose();
        }
      }),
      { numRuns: runs(4) },
    );
  });

  test('two imports at once come to the same', async () => {
    write(world.home, 7);
    await world.import(source, { name: 'alone.json' });
    await Promise.all([1, 2, 3].map(() => world.import(source, { name: 'together.json' })));
    expect(await world.records('together.json')).toEqual(await world.records('alone.json'));
  });
});
