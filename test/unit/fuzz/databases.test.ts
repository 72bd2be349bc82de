import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { LedgerError } from '../../../src/ledger/results.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { below, fuzz, FUZZ_TIMEOUT, mutated } from './fuzz.ts';
import type { Random } from '../../fixtures/oddLogs.ts';

/** SQLite ledgers with damaged bytes: no crash, and after a repair everything that was acknowledged or could be read. */

const USAGE = { provider: 'p', model: 'm', operation: 'o', cost_usd: 1 };
const RECORDS = 60;
const PAGE = 4096;
const IDS: ReadonlySet<string> = new Set(Array.from({ length: RECORDS }, (_, i) => `r${i}`));

let sound: Buffer;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-fuzz-db-'));
  const template = join(folder, 'template.db');
  const ledger = new CostTracker({ ledger: template, pricing: false });
  const usages = [...IDS].map((id, i) => ({ ...USAGE, usage_id: id, note: 'x'.repeat(i * 7) }));
  await ledger.trackAll(usages);
  await ledger.remove(['r3', 'r4']);
  await ledger.close();
  const copy = join(folder, 'copy.db');
  copyFileSync(template, copy);
  sound = readFileSync(copy);
  rmSync(folder, { recursive: true, force: true });
});

/** Damages as disks make them: bits, bytes and pages; now and then of any kind. */
function damaged(random: Random): Buffer {
  if (random() < 0.2) return mutated(sound, random);
  const bytes = Buffer.from(sound);
  const count = 1 + below(random, 6);
  for (let i = 0; i < count; i++) {
    const at = below(random, bytes.length);
    const page = at - (at % PAGE);
    const kind = below(random, 4);
    if (kind === 0) bytes[at]! ^= 1 << below(random, 8);
    else if (kind === 1) bytes[at] = below(random, 256);
    else if (kind === 2) bytes.fill(0, page, page + PAGE);
    else bytes.copyWithin(at, below(random, bytes.length), Math.min(bytes.length, at + 200));
  }
  return random() < 0.1 ? bytes.subarray(0, below(random, bytes.length)) : bytes;
}

async function attempt<T>(path: string, use: (ledger: CostTracker) => Promise<T>): Promise<T | LedgerError> {
  const ledger = new CostTracker({ ledger: path, pricing: false });
  try {
    return await use(ledger);
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  } finally {
    await ledger.close();
  }
}

const readIds = (ledger: CostTracker): Promise<string[]> =>
  ledger.read().then((records) => records.map(({ usage_id }) => usage_id));

describe('a damaged SQLite ledger', () => {
  it('is repaired with all that could be read or was acknowledged', { timeout: FUZZ_TIMEOUT }, () =>
    fuzz(8, async ({ random, folder }) => {
      const path = join(folder(), 'costs.db');
      const before = damaged(random);
      writeFileSync(path, before);
      const read = await attempt(path, readIds);
      const tracked = await attempt(path, (ledger) => ledger.track({ ...USAGE, usage_id: 'new' }));
      await attempt(path, (ledger) => ledger.verify());
      const repaired = await attempt(path, (ledger) => ledger.repair());
      if (repaired instanceof LedgerError) {
        // It is no database at all any more: left as it is.
        expect(repaired.code).toBe('unsupported');
        expect(tracked).toBeInstanceOf(LedgerError);
        expect(readFileSync(path).equals(before)).toBe(true);
        return;
      }
      const after = await attempt(path, readIds);
      if (after instanceof LedgerError) throw after;
      if (!(read instanceof LedgerError)) {
        for (const id of read) if (IDS.has(id)) expect(after).toContain(id);
        // The repair gives a record whose id is damaged the id that the index has.
        expect(after.length).toBeGreaterThanOrEqual(new Set(read).size);
      }
      if (!(tracked instanceof LedgerError)) expect(after).toContain('new');
      const verified = await attempt(path, (ledger) => ledger.verify());
      if (verified instanceof LedgerError) throw verified;
      expect(verified.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    }),
  );
});
