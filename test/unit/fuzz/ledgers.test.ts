import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LedgerError } from '../../../src/ledger/results.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { type Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { ownerText, thisOwner } from '../../../src/system/owner.ts';
import { below, fuzz, FUZZ_TIMEOUT, mutated, oneOf } from './fuzz.ts';
import type { Random } from '../../fixtures/oddLogs.ts';

/**
 * JSON ledgers and journals with damaged bytes: no crash, no record gone whose text still stands whole, none that was
 * acknowledged.
 */

const USAGE = { provider: 'p', model: 'm', operation: 'o', cost_usd: 1 };
/** Nothing here is about a power cut, and an fsync takes longer than everything else. */
const disk: Disk = { ...nodeDisk, fsync: () => Promise.resolve() };

function elementsOf(random: Random, ids: readonly string[]): string[] {
  return ids.map((id) => {
    const record: Record<string, unknown> = {
      usage_id: id,
      provider: 'p',
      model: 'm',
      operation: 'o',
      input_tokens: below(random, 1000),
      output_tokens: 5,
      cost_usd: 0.5,
      timestamp: '2026-01-01T00:00:00Z',
    };
    if (random() < 0.5) record['note'] = oneOf(random, ['a "quoted" \\ text', '}]', 'é\u2028', '{"usage_id":"no"}']);
    if (random() < 0.2) record['theirs'] = { nested: [[1, { two: [] }]] };
    return JSON.stringify(record, undefined, random() < 0.2 ? 2 : undefined);
  });
}

/** There is nothing to lose in an empty array, whole or cut off. */
const EMPTY = /^[\uFEFF\s\0]*(?:\[\s*\]?|\{\s*\}?)?[\s\0]*$/;

/** A ledger in a folder of its own. */
class FuzzedLedger {
  readonly path: string;
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, 'costs.json');
  }

  isInAFile(bytes: string | Buffer): boolean {
    return readdirSync(this.folder).some((name) => readFileSync(join(this.folder, name)).includes(bytes));
  }

  async with<T>(use: (ledger: CostTracker) => Promise<T>): Promise<T> {
    const ledger = new CostTracker({ ledger: this.path, pricing: false, disk });
    try {
      return await use(ledger);
    } finally {
      await ledger.close();
    }
  }

  /** Records one usage. @returns false: the ledger refused it. */
  async track(): Promise<boolean> {
    return this.with(async (ledger) => {
      try {
        await ledger.track({ ...USAGE, usage_id: 'new' });
        await ledger.flush();
        return true;
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        expect(error.code).toBe('unsupported');
        return false;
      }
    });
  }

  async idsRead(): Promise<Set<string>> {
    return this.with(async (ledger) => new Set((await ledger.read()).map(({ usage_id }) => usage_id)));
  }
}

/** Whole records in the text of `bytes`: their text stands there, or they were said twice. */
function standing(bytes: Buffer, elements: readonly string[], ids: readonly string[]): string[] {
  return ids.filter((_, i) => bytes.includes(elements[i]!));
}

function isArray(bytes: Buffer): boolean {
  try {
    return Array.isArray(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    return false;
  }
}

describe('a damaged JSON ledger', () => {
  it('keeps every record that stands whole, and takes new ones', { timeout: FUZZ_TIMEOUT }, () =>
    fuzz(60, async ({ random, folder }) => {
      const ledger = new FuzzedLedger(folder());
      const ids = Array.from({ length: below(random, 8) }, (_, i) => `r${i}`);
      const elements = elementsOf(random, ids);
      const before = mutated(Buffer.from(`[\n  ${elements.join(',\n  ')}\n]`), random);
      writeFileSync(ledger.path, before);
      if (!(await ledger.track())) {
        expect(readFileSync(ledger.path).equals(before)).toBe(true);
        expect(readdirSync(ledger.folder)).toEqual(['costs.json']);
        return;
      }
      const read = await ledger.idsRead();
      expect(read).toContain('new');
      // A text may stand within another record, or in a string: then it counts as part of that.
      const whole = standing(before, elements, ids);
      const lost = whole.filter((id) => !read.has(id) && !ledger.isInAFile(elements[ids.indexOf(id)]!));
      expect(lost).toEqual([]);
      if (!isArray(before) && !EMPTY.test(before.toString())) expect(ledger.isInAFile(before)).toBe(true);
      const after = await ledger.with(async (tracker) => {
        await tracker.verify();
        await tracker.repair();
        const { problems } = await tracker.verify();
        return { problems: problems.filter(({ severity }) => severity === 'error'), ids: await ledger.idsRead() };
      });
      expect(after.problems).toEqual([]);
      for (const id of read) expect(after.ids).toContain(id);
    }),
  );
});

/** The name of a journal whose process is gone: this process's id, with another start. */
const DEAD_JOURNAL = `.costs.json.${ownerText({ ...thisOwner(), start: '1' })}-abcdef.journal`;

describe('a damaged journal of a process that is gone', () => {
  it('gives every whole line to the ledger, and what is not whole is kept', { timeout: FUZZ_TIMEOUT }, () =>
    fuzz(60, async ({ random, folder }) => {
      const ledger = new FuzzedLedger(folder());
      const inLedger = elementsOf(random, ['a', 'b']);
      writeFileSync(ledger.path, `[\n  ${inLedger.join(',\n  ')}\n]`);
      const ids = Array.from({ length: 1 + below(random, 6) }, (_, i) => `r${i}`);
      const elements = elementsOf(random, ids).map((element) => JSON.stringify(JSON.parse(element)));
      const lines = elements.map((element) => `{"seen":0,"record":${element}}`);
      const padding = random() < 0.5 ? '' : '\0'.repeat(below(random, 200));
      const journal = mutated(Buffer.from(lines.map((line) => `${line}\n`).join('') + padding), random);
      writeFileSync(join(ledger.folder, DEAD_JOURNAL), journal);
      expect(await ledger.track()).toBe(true);
      const read = await ledger.idsRead();
      for (const id of ['a', 'b', 'new']) expect(read).toContain(id);
      const standing = new Set(journal.toString().split('\n').slice(0, -1));
      for (const [i, line] of lines.entries()) if (standing.has(line)) expect(read).toContain(ids[i]);
      // Damage that begins like a line stays in a file; a line that was never ended was never acknowledged.
      for (const [i, line] of lines.entries()) {
        if (journal.includes(`${line}\n`) && !read.has(ids[i]!)) expect(ledger.isInAFile(elements[i]!)).toBe(true);
      }
      const problems = await ledger.with(async (tracker) => {
        await tracker.repair();
        return (await tracker.verify()).problems.filter(({ severity }) => severity === 'error');
      });
      expect(problems).toEqual([]);
      const repaired = await ledger.idsRead();
      for (const id of read) expect(repaired).toContain(id);
    }),
  );
});
