import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';

const USAGE = { provider: 'claude', model: 'opus', operation: 'extraction', input_tokens: 1, cost_usd: 0.25 };

describe('a temporary file of a foreign writer that was killed', () => {
  let folder: string;
  let ledger: string;
  let temporary: string;
  let costs: CostTracker;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-abandoned-'));
    ledger = join(folder, 'costs.json');
    temporary = join(folder, '.tmp_costs_ab12.json');
    costs = new CostTracker({ ledger });
  });
  afterEach(async () => {
    await costs.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function leave(text: string, secondsAgo: number): void {
    writeFileSync(temporary, text);
    const then = Date.now() / 1000 - secondsAgo;
    utimesSync(temporary, then, then);
  }
  const names = (): string[] => readdirSync(folder);
  const ids = (): string[] =>
    (JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string }[]).map((r) => r.usage_id);

  it('is kept aside by the next commit, which settles at once; a repair brings its records back', async () => {
    writeFileSync(ledger, '[]');
    leave(`[${JSON.stringify({ ...USAGE, usage_id: 'theirs', timestamp: '2026-01-01T00:00:00Z' })}, {"usage_`, 70);
    await costs.track({ ...USAGE, usage_id: 'ours' });
    expect(await costs.flush()).toBe(true);
    expect(names()).not.toContain('.tmp_costs_ab12.json');
    expect(ids()).toEqual(['ours']);
    const { problems } = await costs.verify();
    expect(problems).toMatchObject([{ code: 'kept-aside', severity: 'error' }]);
    await costs.repair();
    expect(ids().toSorted()).toEqual(['ours', 'theirs']);
  });

  it('goes when it is empty', async () => {
    leave('', 70);
    await costs.track(USAGE);
    expect(await costs.flush()).toBe(true);
    expect(names().filter((name) => /tmp_costs|corrupt/.test(name))).toEqual([]);
  });

  it('stays while it may belong to a living writer, and keeps records in the journal', async () => {
    leave('[]', 7);
    await costs.track(USAGE);
    expect(await costs.flush(1_000)).toBe(false);
    expect(ids()).toHaveLength(1);
    expect(names()).toContain('.tmp_costs_ab12.json');
    expect(names().some((name) => name.endsWith('.journal'))).toBe(true);
  });

  it.runIf(process.platform === 'linux')('stays as long as a process has it open', async () => {
    leave('[]', 600);
    const fd = openSync(temporary, 'r');
    try {
      await costs.track(USAGE);
      expect(await costs.flush(1_000)).toBe(false);
      expect(names()).toContain('.tmp_costs_ab12.json');
    } finally {
      closeSync(fd);
    }
    expect(await costs.flush()).toBe(true);
  });
});
