import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { gitGroups, GIT_GROUPINGS } from '../../../src/git/gitGroups.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import { addTotals } from '../../../src/usage/totals.ts';
import { SCENARIOS } from './scenarios.ts';
import { World } from './world.ts';

const CALENDAR = { timeZone: 'UTC', firstDayOfWeek: 1 };
let usages = 0;
let wrong = 0;
let world: World | undefined;
afterEach(() => world?.dispose());

describe('usage belongs to the commit that it made', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
    world = new World();
    const folders = scenario(world);
    const result = await world.result(...folders);
    usages += result.count;
    wrong += result.wrong.length;
    expect(result.problems).toEqual([]);
    expect(result.wrong).toEqual([]);

    // A second reader, from what the first one kept, and by all groupings: the sums are the total, to the nano-dollar.
    const { repositories } = await result.repositories.read(folders.map((folder) => world!.path(folder)));
    const answers = world.answers();
    const [all] = await answers.aggregate({ filter: {}, groupBy: [], calendar: CALENDAR });
    for (const grouping of GIT_GROUPINGS) {
      const groups = await gitGroups(
        answers,
        repositories,
        { filter: {}, groupBy: ['model', grouping], calendar: CALENDAR },
        world.now,
      );
      const sum = emptyTotals();
      for (const { totals } of groups) addTotals(sum, totals);
      expect(sum).toEqual(all!.totals);
    }
  });

  afterAll(() => {
    console.log(`misattributed: ${wrong} of ${usages} usages in ${Object.keys(SCENARIOS).length} repositories`);
  });
});
