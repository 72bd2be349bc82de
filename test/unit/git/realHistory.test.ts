import { afterEach, beforeEach, expect, test } from 'vitest';
import { GIT_GROUPINGS, gitGroups } from '../../../src/git/gitGroups.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import { addTotals } from '../../../src/usage/totals.ts';
import { importHistory, realHistory, realStream, type RealCommit } from '../../fixtures/gitHistory.ts';
import { quietGit, World } from './world.ts';

const CALENDAR = { timeZone: 'UTC', firstDayOfWeek: 1 };
const LONGEST_WORK_S = 600;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

/** The branch on which each commit was made: main is the chain of first parents, and merges name the others. */
function branchesOf(commits: readonly RealCommit[]): Map<number, string> {
  const branches = new Map<number, string>();
  const mark = (tip: number | undefined, branch: string): void => {
    for (let at = tip; at !== undefined && !branches.has(at); at = commits[at]!.parents[0]) branches.set(at, branch);
  };
  mark(commits.length - 1, 'main');
  // The newest merges first: what an older merge brought is not theirs.
  for (let i = 0; i < commits.length; i++) {
    const { parents, subject } = commits[i]!;
    const [, branch] = /^Merge pull request #\d+ from [^/]+\/(\S+)/.exec(subject) ?? [];
    if (branch !== undefined && branches.get(i) === 'main') for (const tip of parents.slice(1)) mark(tip, branch);
  }
  return branches;
}

test('the history of an open-source project: most usage finds its commit, and the sums are the total', async () => {
  importHistory(world.path('site'), realStream(), quietGit(world.folder));
  const commits = realHistory();
  const branches = branchesOf(commits);
  const own = commits.map((commit, i) => ({ ...commit, branch: branches.get(i) }));
  const mine = own.filter(
    ({ author, parents, branch }) => author === 0 && parents.length === 1 && branch !== undefined,
  );
  for (const [i, { authoredAt, subject, branch }] of mine.entries()) {
    const before = mine.filter((each) => each.branch === branch && each.authoredAt <= authoredAt && each !== mine[i]);
    const last = Math.max(0, ...before.map((each) => each.authoredAt));
    const room = Math.min(LONGEST_WORK_S, authoredAt - last);
    // Commits of the same second, as rebases leave them: nothing tells whose work it was.
    if (room < 3) continue;
    world.now = (authoredAt - Math.ceil(room / 2)) * 1000;
    world.use('site', subject, { branch: branch === 'main' ? 'main' : branch! });
  }
  world.now = Date.UTC(2026, 0, 1);
  const { wrong, count, problems, repositories } = await world.result('site');
  expect(problems).toEqual([]);
  expect(count).toBeGreaterThan(100);
  console.log(`real history: ${wrong.length} of ${count} usages misattributed`);
  expect(wrong.length / count, wrong.join('\n')).toBeLessThan(0.05);

  const { repositories: read } = await repositories.read([world.path('site')]);
  const answers = world.answers();
  const [all] = await answers.aggregate({ filter: {}, groupBy: [], calendar: CALENDAR });
  for (const grouping of GIT_GROUPINGS) {
    const sum = emptyTotals();
    const groups = await gitGroups(answers, read, { filter: {}, groupBy: [grouping], calendar: CALENDAR }, world.now);
    for (const { totals } of groups) addTotals(sum, totals);
    expect(sum).toEqual(all!.totals);
  }
});
