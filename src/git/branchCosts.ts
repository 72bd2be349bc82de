import type { Totals } from '../usage/query.ts';
import { emptyTotals } from '../usage/query.ts';
import { addTotals } from '../usage/totals.ts';
import type { CostedRepository } from './attribution.ts';
import { attributeUsage, type GitAnswers } from './gitGroups.ts';
import { ancestors, type CommitGraph } from './graph.ts';
import type { GitCommit } from './history.ts';
import { LONGEST_WAIT_MS } from './timeline.ts';

/** A commit of a branch with its cost, which includes that of the commits that it merged. */
export interface CommitRow {
  readonly commit: GitCommit;
  readonly totals: Totals;
  /** The commits that a merge brought, newest first, each with its own cost. */
  readonly merged: readonly CommitRow[];
}

/** The costs of the branch that a worktree has checked out. */
export interface BranchCosts {
  readonly repository: string;
  /** undefined for a detached head. */
  readonly branch: string | undefined;
  /** Work on this branch that is not committed yet. */
  readonly notCommitted: Totals;
  /** Newest first. */
  readonly commits: readonly CommitRow[];
  /** The cost of the commits that the default branch lacks, and of the work that is not committed; undefined on the default branch. */
  readonly ofBranch: Totals | undefined;
  /** Not committed work on other branches of the repository. */
  readonly notCommittedElsewhere: Totals;
  /** Usage in this repository, since the oldest commit shown, that cannot be attributed. */
  readonly notAttributed: Totals;
}

/** Commits shown of a branch. */
const MOST_ROWS = 50;
const MOST_MERGED = 200;

/**
 * @param top the top folder of the worktree.
 */
export async function branchCosts(
  answers: GitAnswers,
  repositories: readonly CostedRepository[],
  repository: CostedRepository,
  { top, now }: { top: string; now: number },
): Promise<BranchCosts> {
  const { graph, lineage } = repository;
  const head = graph.heads.find(({ worktree, isRemoved }) => worktree === top && !isRemoved);
  const branch = head?.branch;
  const tip = (branch === undefined ? undefined : graph.branches.get(branch)?.[0]) ?? head?.moves.at(-1)?.to;
  const shape = await shapeOf(graph, tip);
  const listed = new Set(shape.flatMap(({ commit, merged }) => [commit.hash, ...merged.map(({ hash }) => hash)]));
  const oldest = [...listed].reduce((least, hash) => Math.min(least, graph.commits.get(hash)!.authoredAt), now);
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const filter = { since: oldest - LONGEST_WAIT_MS };
  const groups = await attributeUsage(answers, repositories, { filter, groupBy: [], calendar }, now);
  const costs = new Map<string, Totals>();
  const [notCommitted, notCommittedElsewhere, notAttributed] = [emptyTotals(), emptyTotals(), emptyTotals()];
  for (const { attributed, group } of groups) {
    if (attributed.repository !== repository) continue;
    if (attributed.kind === 'open') {
      addTotals(attributed.branch === (branch ?? '') ? notCommitted : notCommittedElsewhere, group.totals);
    } else if (attributed.kind === 'none') addTotals(notAttributed, group.totals);
    else {
      const hash = lineage.within(attributed.hash, listed);
      if (hash === undefined) continue;
      if (!costs.has(hash)) costs.set(hash, emptyTotals());
      addTotals(costs.get(hash)!, group.totals);
    }
  }
  const rowOf = (commit: GitCommit, merged: readonly CommitRow[] = []): CommitRow => {
    const totals = emptyTotals();
    const own = costs.get(commit.hash);
    if (own !== undefined) addTotals(totals, own);
    for (const each of merged) addTotals(totals, each.totals);
    return { commit, totals, merged };
  };
  const commits = shape.map(({ commit, merged }) =>
    rowOf(
      commit,
      merged.map((each) => rowOf(each)),
    ),
  );
  const ofBranch = branch === graph.defaultBranch ? undefined : emptyTotals();
  if (ofBranch !== undefined) {
    addTotals(ofBranch, notCommitted);
    for (const { commit, totals } of commits) if (!graph.inDefault.has(commit.hash)) addTotals(ofBranch, totals);
  }
  return { repository: graph.name, branch, notCommitted, commits, ofBranch, notCommittedElsewhere, notAttributed };
}

interface ShownCommit {
  readonly commit: GitCommit;
  readonly merged: readonly GitCommit[];
}

/** The newest commits of a branch by first parents, each with the commits that it merged. */
async function shapeOf({ commits }: CommitGraph, tip: string | undefined): Promise<ShownCommit[]> {
  const chain: GitCommit[] = [];
  for (let next = commits.get(tip ?? ''); next !== undefined && chain.length < MOST_ROWS;) {
    chain.push(next);
    next = commits.get(next.parents[0] ?? '');
  }
  const oldest = chain.at(-1);
  const seen = new Set(oldest === undefined ? [] : await ancestors(commits, [oldest.hash]));
  const shown: ShownCommit[] = [];
  for (const commit of chain.toReversed()) {
    const merged: GitCommit[] = [];
    const open = commit.parents.slice(1);
    for (let hash = open.pop(); hash !== undefined && merged.length < MOST_MERGED; hash = open.pop()) {
      const each = seen.has(hash) ? undefined : commits.get(hash);
      if (each === undefined) continue;
      seen.add(hash);
      merged.push(each);
      open.push(...each.parents);
    }
    seen.add(commit.hash);
    shown.unshift({ commit, merged: merged.sort((a, b) => b.committedAt - a.committedAt) });
  }
  return shown;
}
