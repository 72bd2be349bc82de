import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idsIn } from '../ledger/plainly.ts';
import type { Job, JobResult } from './driver.ts';
import { inWindows, missing, windowsPath } from './wine.ts';

/** The built command with Node for Windows. `LLM_SPEND_WINDOWS_ONE_SHOTS` and `LLM_SPEND_PROOF_MS` make the tests longer. */
const CLI = windowsPath(fileURLToPath(new URL('../../../dist/cli.js', import.meta.url)));
const ONE_SHOTS = Number(process.env['LLM_SPEND_WINDOWS_ONE_SHOTS'] ?? 30);
const MS = Number(process.env['LLM_SPEND_PROOF_MS'] ?? 1_500);
/** A one-shot takes 0.3 s on a quiet machine, and ten times that on a busy one. */
const PATIENCE_MS = 120_000 + ONE_SHOTS * 4_000 + MS * 4;

const SPACES_AND_LETTERS = 'Büro Zürich – 日本語 🧾';
/** With its folders the path is longer than MAX_PATH (260), each name shorter than what Linux allows (255 bytes). */
const LONG = ['a'.repeat(120), `b ${'b'.repeat(118)}`, 'c'.repeat(60)];

describe.skipIf(missing !== undefined)(`on Windows${missing === undefined ? '' : ` (${missing})`}`, () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'llm-spend-windows-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

  function ledgerIn(file: string, ...folders: string[]): string {
    const folder = join(root, ...folders);
    mkdirSync(folder, { recursive: true });
    return join(folder, file);
  }

  /** Runs the job, then `verify`; every acknowledged record must be in the ledger's file once, and no journal may remain. */
  function run(ledger: string, job: Omit<Job, 'cli' | 'ledger'>): JobResult {
    const commands = [...(job.commands ?? []), ['verify']];
    const result = inWindows({ cli: CLI, ledger: windowsPath(ledger), ...job, commands });
    const ids = idsIn(ledger);
    expect(result.acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect(ids.length - new Set(ids).size, 'records that stand there twice').toBe(0);
    expect(left(ledger)).toEqual([]);
    for (const { code, stdout, stderr } of result.commands) expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    return result;
  }

  const one = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1', '--json'];

  describe.each([
    ['costs.json', ONE_SHOTS],
    ['costs.db', ONE_SHOTS / 10],
  ])('%s', { timeout: PATIENCE_MS }, (file, oneShots) => {
    it('holds each of many one-shot records, one after the other', () => {
      const ledger = ledgerIn(file, SPACES_AND_LETTERS);
      const { acknowledged, codes, errors } = run(ledger, { oneShots });
      expect(errors).toBe('');
      expect(codes).toEqual(Array.from({ length: oneShots }, () => 0));
      expect(idsIn(ledger).toSorted()).toEqual(acknowledged.toSorted());
    });

    it('loses nothing of six writers that are terminated again and again, in a path of more than 260 characters', () => {
      const ledger = ledgerIn(file, ...LONG);
      expect(windowsPath(ledger).length).toBeGreaterThan(260);
      const writers = { count: 6, ms: MS, killEveryMs: 300 };
      const { acknowledged, kills, codes } = run(ledger, { writers, commands: [one] });
      console.log(`${file}: terminated ${kills}, acknowledged ${acknowledged.length}`);
      expect(kills).toBeGreaterThanOrEqual(5);
      expect(acknowledged.length).toBeGreaterThan(20);
      expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });

  it('waits for a reader that keeps the file open for a second, again and again', () => {
    const ledger = ledgerIn('costs.json');
    writeFileSync(ledger, '[]');
    const { codes, opened } = run(ledger, { oneShots: 6, reader: { openMs: 1_000, closedMs: 50 } });
    expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
    expect(opened).toBeGreaterThan(3);
  });

  it('commits what version 0.1.0 left in journals', () => {
    const ledger = ledgerIn('costs.json');
    writeFileSync(ledger, `[\n  ${element('first')}\n]`);
    // As left by it under Windows, and under Wine, where it mistook Linux pids for Windows pids.
    const owners = ['999999999-0-0-0-58c11a9f2bd5', '316-294703-5eb88e3b2b55-0-435d52817b60'];
    for (const [i, owner] of owners.entries()) {
      const line = Buffer.from(`{"seen":0,"record":${element(`left-${i}`)}}\n`);
      const journal = Buffer.alloc(4_096);
      line.copy(journal);
      writeFileSync(join(root, `.costs.json.${owner}.journal`), journal);
    }
    const { acknowledged } = run(ledger, { oneShots: 1 });
    expect(idsIn(ledger)).toEqual(expect.arrayContaining(['first', 'left-0', 'left-1', ...acknowledged]));
    expect(idsIn(ledger)).toHaveLength(4);
  });

  function left(ledger: string): string[] {
    return readdirSync(join(ledger, '..')).filter((name) => /\.(journal|tok|tmp|lock)$/.test(name));
  }
});

/** A record as version 0.1.0 wrote it. */
function element(id: string): string {
  const tokens = '"input_tokens":0,"output_tokens":0,"total_tokens":0';
  const cost = '"cost_usd":0.01,"cost_known":true,"billing_mode":"known"';
  return `{"usage_id":"${id}","provider":"p","model":"m","operation":"o",${tokens},${cost},"timestamp":"2026-11-27T00:46:36.758Z","source":"cli"}`;
}
