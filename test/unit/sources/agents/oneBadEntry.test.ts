import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentOf } from '../../../../src/sources/agents.ts';
import type { Skip } from '../../../../src/sources/source.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { brokenRule } from '../../../../src/usage/rules.ts';
import { sessionsOf } from '../../../fixtures/agentTrees/calls.ts';
import { TREES } from '../../../fixtures/agentTrees/index.ts';
import { seeded } from '../../../fixtures/oddLogs.ts';
import { LONG } from '../../../long.ts';
import { World } from '../world.ts';
import { damagesOf, filesBelow, type Damage } from './damage.ts';

/** One bad value in any agent's files: the import goes on, costs no other session, and names a usage that it left out. */

/** Damages to each agent in `npm test`; the long form tries all, about 16,000. */
const QUICK = 5;
/** Calls of a session. */
const CALLS = 4;
/**
 * Values that say what an entry is. Another one makes it an entry of another kind, so that nothing says that usage is missing.
 */
const TELLS_KIND =
  /^(type|role|variant|say|sessionUpdate|parent_session_id|status|data_type|data_dir|payload|message|params|update|metadata|attributes|)$/;

const stores = TREES.flatMap((tree) => [
  [tree.id, tree, tree.write] as const,
  ...(tree.writeAgain === undefined ? [] : [[`${tree.id}, its other store`, tree, tree.writeAgain] as const]),
]);

describe.each(stores)('%s', (_, tree, write) => {
  const source = agentOf(tree.id)!;
  const sessions = sessionsOf(tree, 75).map((session) => ({ ...session, calls: session.calls.slice(0, CALLS) }));
  let world: World;
  let kept: (readonly [file: string, content: Buffer])[];
  let before: Imported;
  const damages: Damage[] = [];
  /** For each damaged file, the ids of the usages in the other ones. */
  const others = new Map<string, string[]>();

  async function importedAfter(change: () => void): Promise<Imported> {
    for (const file of filesBelow(world.home)) rmSync(file);
    for (const [file, content] of kept) writeFileSync(file, content);
    change();
    const { skips } = await world.import(source);
    return { skips, records: await world.records() };
  }

  beforeAll(async () => {
    world = new World();
    write(world.home, sessions);
    kept = filesBelow(world.home).map((file) => [file, readFileSync(file)] as const);
    before = await importedAfter(() => undefined);
    for (const file of middleOnes(kept.map(([path]) => path))) {
      damages.push(...damagesOf(file));
      others.set(file, idsOf(await importedAfter(() => rmSync(file))));
    }
  });
  afterAll(() => world.dispose());

  test('one bad value costs its own entry, or what depends on it', async () => {
    expect(before.records.length).toBeGreaterThan(2);
    const random = seeded(tree.id.length);
    const tried = LONG ? damages : Array.from({ length: QUICK }, () => damages[Math.floor(random() * damages.length)]!);
    for (const { label, name, file, apply } of tried) {
      const imported = await importedAfter(apply);
      const { records, skips } = imported;
      for (const record of records) expect(brokenRule(record), label).toBeUndefined();
      expect(idsOf(imported), label).toEqual(expect.arrayContaining(others.get(file)!));
      const lost = before.records.length - records.length;
      // In a database or table, the others have rows of their own.
      if (/\.(csv|db|sqlite)$/.test(file)) expect(lost, label).toBeLessThanOrEqual(CALLS);
      if (lost > 0 && !TELLS_KIND.test(name)) {
        expect(skips, label).not.toEqual([]);
        expect(skips[0]!.file, label).toBe(file);
      }
    }
  });
});

interface Imported {
  records: UsageRecord[];
  skips: readonly Skip[];
}

function idsOf({ records }: Imported): string[] {
  return records.map(({ usage_id: id }) => id);
}

/** The middle one of the files of each kind. */
function middleOnes(files: readonly string[]): string[] {
  const byKind = Map.groupBy(files, (file) => file.replaceAll(/\d+/g, ''));
  return [...byKind.values()].map((each) => each[Math.floor(each.length / 2)]!);
}
