import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadPricer } from '../../../../src/pricing/price.ts';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { codex } from '../../../../src/sources/codex/index.ts';
import { emptyReport, withdrawSkips, type ImportProgress } from '../../../../src/sources/import/options.ts';
import { sealImports } from '../../../../src/sources/import/seal.ts';
import { forgetStates, ledgerVersion, stateIn, statePath } from '../../../../src/sources/import/state.ts';
import { undoLedger } from '../../../../src/sources/import/undo.ts';
import { jsonLines, NOW, World } from '../world.ts';

/** The figures of an import, and how it remembers how far it came. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const LOG = '.claude/projects/-srv-site/one.jsonl';
const HOUR = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const reply = (n: number, more: object = {}, model = 'claude-opus-4-5'): object => ({
  timestamp: iso(NOW - 48 * HOUR),
  requestId: `r${n}`,
  message: { id: `m${n}`, model, usage: { input_tokens: 10, output_tokens: 1 } },
  ...more,
});

describe('a report', () => {
  test('counts what has no price, and what has that of a similar model', async () => {
    world.file(LOG, jsonLines(reply(1), reply(2, {}, 'claude-sonnet-4-5-zz'), reply(3, {}, 'mystery')));
    const report = await world.import(claudeCode, { pricer: async () => loadPricer() });
    const records = await world.records();
    expect(report).toMatchObject({
      added: 3,
      unpriced: records.filter(({ cost_known }) => !cost_known).length,
      assumed: records.filter(({ price_source }) => / assumed/.test(price_source ?? '')).length,
    });
    expect(report.unpriced).toBe(1);
    expect(report.assumed).toBe(1);
  });

  test('names its source, places, files and bytes', async () => {
    const first = world.file(LOG, jsonLines(reply(1)));
    world.file('.claude/projects/-srv-site/two.jsonl', jsonLines(reply(2)));
    const progress: ImportProgress[] = [];
    const report = await world.import(claudeCode, { onProgress: (now) => progress.push(now) });
    const bytes = 2 * readFileSync(first).length;
    expect(report).toMatchObject({ source: 'claude-code', title: 'Claude Code', files: 2, unchanged: 0, bytes });
    expect(report.places.map(({ files }) => files)).toEqual([0, 2]);
    expect(progress.at(-1)).toEqual({
      source: 'claude-code',
      files: 2,
      filesDone: 2,
      bytes,
      bytesDone: bytes,
      seen: 2,
    });
  });

  test('names usage of more than a day ahead, and imports it', async () => {
    const ahead = (hours: number): object => ({ timestamp: iso(NOW + hours * HOUR) });
    world.file(
      LOG,
      jsonLines(
        reply(1, ahead(-1)),
        reply(2, ahead(24)),
        reply(3, ahead(25)),
        reply(4, { timestamp: '2026-11-24T14:00:00+01:00' }),
      ),
    );
    const { added, skips } = await world.import(claudeCode);
    expect(added).toBe(4);
    expect(skips.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['future-time', iso(NOW + 25 * HOUR)],
      ['future-time', '2026-11-24T14:00:00+01:00'],
    ]);
  });

  test('lists a hundred skips, and counts all', async () => {
    world.file(LOG, '{"usage"\n'.repeat(130));
    const { skipped, skips } = await world.import(claudeCode);
    expect([skipped, skips.length]).toEqual([{ 'not-json': 130 }, 100]);
  });

  test('takes skips back', () => {
    const skip = (reason: 'link' | 'invalid', file: string) => ({ reason, file }) as const;
    const [a, b, c] = [skip('link', 'a'), skip('link', 'b'), skip('invalid', 'c')];
    const report = { ...emptyReport(claudeCode), skipped: { link: 2, invalid: 1 }, skips: [a, b, c] };
    withdrawSkips(report, [b, c]);
    expect([report.skipped, report.skips]).toEqual([{ link: 1 }, [a]]);
    withdrawSkips(report, [skip('link', 'other')]);
    expect([report.skipped, report.skips]).toEqual([{}, [a]]);
  });
});

describe('the prices of a dry run', () => {
  test('are those of what would be stored', async () => {
    world.file(LOG, jsonLines(reply(1), reply(2, {}, 'mystery')));
    expect(await world.import(claudeCode, { dryRun: true, pricer: async () => loadPricer() })).toMatchObject({
      added: 2,
      updated: 0,
      unpriced: 1,
    });
  });
});

describe('the state of an import', () => {
  const path = (): string => statePath(join(world.home, 'imported.json'), 'claude-code');

  test('is beside the ledger', () => {
    expect(path()).toBe(join(world.home, '.imported.json.import-claude-code'));
  });

  test('that somebody changed, or of another version, is not used', async () => {
    world.file(LOG, jsonLines(reply(1)));
    await world.import(claudeCode);
    const saved = readFileSync(path(), 'utf8');
    expect(stateIn(saved).files.paths).toEqual([join(world.home, LOG)]);
    expect(stateIn(saved).witness).toBe((await world.records())[0]!.usage_id);
    const damaged = [
      '',
      '{}',
      saved.slice(0, -1),
      `${saved} `,
      saved.replace('"offset":', '"offset":1'),
      saved.replace('"sum":"', '"sum":"0'),
    ];
    for (const text of damaged) {
      expect(stateIn(text).files.paths).toEqual([]);
      writeFileSync(path(), text);
      expect(await world.import(claudeCode)).toMatchObject({ added: 0, unchanged: 0 });
      expect(readFileSync(path(), 'utf8')).toBe(saved);
    }
  });

  test('forgets files that are gone, below its places', async () => {
    const two = world.file('.claude/projects/-srv-site/two.jsonl', jsonLines(reply(2)));
    world.file(LOG, jsonLines(reply(1)));
    const elsewhere = world.file('elsewhere/three.jsonl', jsonLines(reply(3)));
    await world.import(claudeCode);
    await world.import(claudeCode, { places: [elsewhere] });
    rmSync(two);
    rmSync(elsewhere);
    await world.import(claudeCode);
    expect(stateIn(readFileSync(path(), 'utf8')).files.paths).toEqual([join(world.home, LOG), elsewhere]);
  });

  test('of another ledger stays when one is forgotten', async () => {
    world.file(LOG, jsonLines(reply(1)));
    for (const name of ['imported.json', 'other.json']) await world.import(claudeCode, { name });
    await forgetStates(join(world.home, 'imported.json'));
    expect(await world.import(claudeCode)).toMatchObject({ unchanged: 0 });
    expect(await world.import(claudeCode, { name: 'other.json' })).toMatchObject({ unchanged: 1 });
    await forgetStates(join(world.home, 'gone', 'imported.json'));
  });

  test('stays with a dry run of an undo, and with the undo of another change', async () => {
    vi.stubEnv('XDG_STATE_HOME', join(world.home, 'state'));
    world.file(LOG, jsonLines(reply(1)));
    const { undoableAt } = await world.importOnce(claudeCode);
    const ledger = world.ledger();
    const importedAt = undoableAt!;
    expect(await undoLedger(ledger, { importedAt, dryRun: true })).toMatchObject({ undone: 'import', records: 1 });
    await ledger.remove([(await ledger.read())[0]!.usage_id]);
    expect(await undoLedger(ledger)).toMatchObject({ undone: 'remove' });
    expect(stateIn(readFileSync(path(), 'utf8')).files.paths).toHaveLength(1);
    expect(await undoLedger(ledger, { importedAt })).toMatchObject({ undone: 'import' });
    expect(() => readFileSync(path(), 'utf8')).toThrow('ENOENT');
    await ledger.close();
    vi.unstubAllEnvs();
  });

  test('is sealed only where there is a ledger, and once', async () => {
    const file = join(world.home, 'imported.db');
    let opened = 0;
    const open = async (): Promise<ReturnType<World['ledger']>> => {
      opened++;
      return world.ledger('imported.db');
    };
    await sealImports(file, ['claude-code'], open);
    world.file(LOG, jsonLines(reply(1)));
    await world.import(claudeCode, { name: 'imported.db' });
    await sealImports(file, ['codex'], open);
    expect(opened).toBe(0);
    await sealImports(file, ['claude-code', 'codex'], open);
    await sealImports(file, ['claude-code', 'codex'], open);
    expect(opened).toBe(1);
    expect(stateIn(readFileSync(statePath(file, 'claude-code'), 'utf8')).ledger).toBe(ledgerVersion(file));
    expect(ledgerVersion(join(world.home, 'gone.db'))).toBeUndefined();
  });
});

test('a call that a log and a live report told is not updated by another reading', async () => {
  const ledger = world.ledger();
  world.file(LOG, jsonLines(reply(1)));
  await world.import(claudeCode);
  const [record] = await ledger.read();
  await ledger.remove([record!.usage_id]);
  await ledger.track({ ...record!, confirmed_by: 'claude-code-otel x', log_tokens: 11, live_tokens: 11 });
  await ledger.close();
  await forgetStates(join(world.home, 'imported.json'));
  expect(await world.import(claudeCode)).toMatchObject({ added: 0, updated: 0 });
});

test('a record of before folders were kept gets that of its log, if its session is the same', async () => {
  world.file(LOG, jsonLines(reply(1, { cwd: '/srv/site' }), reply(2, { cwd: '/srv/site' }), reply(3)));
  await world.import(claudeCode);
  const ledger = world.ledger();
  for (const { folder: _, ...rest } of await ledger.read()) {
    await ledger.remove([rest.usage_id]);
    const session = rest['message_id'] === 'm2' ? { session_id: 'an earlier one' } : {};
    await ledger.track({ ...rest, ...session });
  }
  await ledger.close();
  await forgetStates(join(world.home, 'imported.json'));
  expect(await world.import(claudeCode)).toMatchObject({ added: 0, updated: 1 });
  const folders = (await world.records()).map(({ message_id, folder }) => `${String(message_id)} ${String(folder)}`);
  expect(folders.sort()).toEqual(['m1 /srv/site', 'm2 undefined', 'm3 undefined']);
});

test('a fork is compared with all records of its session, however many', { timeout: 120_000 }, async () => {
  const START = NOW - 100 * HOUR;
  const counts = (input: number): object => ({ input_tokens: input, output_tokens: 1, total_tokens: input + 1 });
  const event = (at: number, input: number, total: number): object => ({
    timestamp: iso(at),
    type: 'event_msg',
    payload: { type: 'token_count', info: { last_token_usage: counts(input), total_token_usage: counts(total) } },
  });
  const call = {
    provider: 'openai',
    model: 'gpt-5',
    operation: 'agent',
    output_tokens: 1,
    source: 'codex-log',
    session_id: 'gone',
  };
  const ledger = world.ledger('many.db');
  await ledger.trackAll(
    Array.from({ length: 5_001 }, (_, i) => ({ ...call, input_tokens: i + 1, timestamp: iso(START + i) })),
  );
  await ledger.close();
  const meta = { id: 'fork', forked_from_id: 'gone', timestamp: iso(START + HOUR) };
  world.file(
    '.codex/sessions/fork.jsonl',
    jsonLines(
      { timestamp: iso(START + HOUR), type: 'session_meta', payload: meta },
      event(START + 2 * HOUR, 5_001, 5_001),
      event(START + 3 * HOUR, 7_777, 12_778),
    ),
  );
  expect(await world.import(codex, { name: 'many.db' })).toMatchObject({ added: 1 });
});
