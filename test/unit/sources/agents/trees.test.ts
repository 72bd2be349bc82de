import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AGENTS, agentOf } from '../../../../src/sources/agents.ts';
import { sessionsOf, type AgentTree } from '../../../fixtures/agentTrees/calls.ts';
import { toldBy, TREES, type TokensByDay } from '../../../fixtures/agentTrees/index.ts';
import { World } from '../world.ts';

/** Generated logs of all agents, whose calls are known. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const CALLS = 130;
const named = TREES.map((tree) => [tree.id, tree] as const);
const withTwoStores = named.filter(([, { writeAgain }]) => writeAgain !== undefined);

test('there is a tree for each agent that logs tokens', () => {
  const trees = TREES.map(({ id }) => id).sort();
  expect(trees).toEqual(
    AGENTS.map(({ id }) => id)
      .filter((id) => id !== 'kiro')
      .sort(),
  );
});

async function tokensByDay(): Promise<TokensByDay> {
  const tokens: TokensByDay = {};
  for (const record of await world.records()) {
    const sums = (tokens[`${record.timestamp.slice(0, 10)} ${record.model}`] ??= [0, 0, 0, 0]);
    const { cache_read_tokens: read = 0, cache_write_tokens: written = 0 } = record;
    sums[0] += record.input_tokens - read - written;
    sums[1] += record.output_tokens;
    sums[2] += read;
    sums[3] += written;
  }
  return tokens;
}

async function importTree({ id }: AgentTree): Promise<number> {
  const { added, updated, skipped } = await world.import(agentOf(id)!);
  expect(skipped).toEqual({});
  return added + updated;
}

describe.each(named)('%s', (_id, tree) => {
  const sessions = sessionsOf(tree, CALLS);

  test('tokens by day and model are those of its calls, and a second import changes nothing', async () => {
    tree.write(world.home, sessions);
    await importTree(tree);
    expect(await tokensByDay()).toEqual(toldBy(tree, sessions));
    expect(await importTree(tree)).toBe(0);
  });
});

describe.each(withTwoStores)('both stores of %s', (_id, tree) => {
  const sessions = sessionsOf(tree, CALLS);

  test('at once', async () => {
    tree.write(world.home, sessions);
    tree.writeAgain!(world.home, sessions);
    await importTree(tree);
    expect(await tokensByDay()).toEqual(toldBy(tree, sessions));
  });

  test('the second store after the first', async () => {
    tree.write(world.home, sessions);
    await importTree(tree);
    tree.writeAgain!(world.home, sessions);
    await importTree(tree);
    expect(await tokensByDay()).toEqual(toldBy(tree, sessions));
  });
});
