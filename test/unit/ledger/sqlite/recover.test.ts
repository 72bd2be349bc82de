import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { usdToNanos } from '../../../../src/usage/money.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import {
  DATABASES,
  filesOf,
  hasChanges,
  NAME,
  truthOf,
  writeFiles,
  type DatabaseName,
  type Truth,
} from '../../../fixtures/damagedDatabases/databases.ts';
import { damaged, DAMAGES } from '../../../fixtures/damagedDatabases/damages.ts';
import { canRecover, readKept, recover, withoutRanges } from '../../../fixtures/damagedDatabases/recover.ts';
import { LONG, runs } from '../../../long.ts';

/**
 * A repair finds at least each record whose id and cost the `.recover` of the sqlite3 shell finds, brings no removed record back,
 * and states no wrong cost without a mark. In the quick form `.recover`'s results are those that were kept; in the long form,
 * the shell named by SQLITE3_SHELL is asked about 1,000 other damages.
 */

const FIRST_SEED = Number(process.env['LLM_SPEND_SEED'] ?? 101);
const isAsked = LONG && canRecover();

/** Of the kept ones each second: with the backup and a damaged log, or without. */
function seedsOf(name: DatabaseName, kind: string): number[] {
  if (isAsked) return Array.from({ length: runs(1, 20) }, (_, i) => FIRST_SEED + i);
  return LONG ? [1, 2] : [1 + ((DATABASES.indexOf(name) + DAMAGES.indexOf(kind)) % 2)];
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-recover-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Outcome {
  health: string;
  /** Found by `.recover` with its true cost, and not by us. */
  missing: string[];
  fewer: number;
  /** Removed before the damage, and there again, although the list of changes is whole. */
  returned: string[];
  /** Records with another cost than before the damage and without the tag. A former cost counts only if the list of changes is whole. */
  untrue: string[];
}

const HARMLESS: Outcome = { health: 'ok', missing: [], fewer: 0, returned: [], untrue: [] };

async function outcomeOf(name: DatabaseName, kind: string, seed: number, truth: Truth): Promise<Outcome> {
  const home = mkdtempSync(join(folder, 'run-'));
  const path = join(home, NAME);
  const files = damaged(filesOf(name), kind, seed);
  writeFiles(home, files);
  const isKnown = hasChanges(name, truth, files);
  const theirs = isAsked ? recover(path, truth) : withoutRanges(truth, readKept()[`${name}/${kind}/${seed}`]!);
  const tracker = new CostTracker({ ledger: path, pricing: false });
  try {
    await tracker.repair();
    const { health } = await tracker.verify();
    const records = await tracker.read();
    const ours = new Set(records.map(({ usage_id }) => usage_id));
    const untrue = records.filter(({ usage_id: id, cost_usd, tags }) => {
      const cost = Number(usdToNanos(cost_usd));
      const isTrue = cost === truth.costs.get(id) || (!isKnown && cost === truth.former.get(id));
      return truth.costs.has(id) && !isTrue && !tags?.includes('damaged');
    });
    return {
      health,
      missing: [...theirs].filter((id) => !ours.has(id)),
      fewer: Math.max(0, theirs.size - ours.size),
      returned: [...truth.removed].filter((id) => isKnown && ours.has(id)),
      untrue: untrue.map(({ usage_id }) => usage_id),
    };
  } finally {
    await tracker.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe.each(DATABASES)('a damaged ledger: %s', (name) => {
  let truth: Truth;
  beforeAll(() => {
    truth = truthOf(name, mkdtempSync(join(folder, 'truth-')));
  });

  test.each(DAMAGES)('%s', { timeout: 3_600_000 }, async (kind) => {
    const outcomes: Record<number, Outcome> = {};
    const seeds = seedsOf(name, kind);
    for (const seed of seeds) outcomes[seed] = await outcomeOf(name, kind, seed, truth);
    expect(outcomes).toEqual(Object.fromEntries(seeds.map((seed) => [seed, HARMLESS])));
  });
});
