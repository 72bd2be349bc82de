import type { Group, Totals } from '../usage/query.ts';
import { emptyTotals } from '../usage/query.ts';
import { addTotals } from '../usage/totals.ts';
import { orderGroups } from '../columns/groupOrder.ts';
import type { CostedRepository } from './attribution.ts';
import { attributeUsage, type GitAnswers } from './gitGroups.ts';
import type { GitCommit } from './history.ts';
import { pullRange, resolveRange, type CommitRange } from './range.ts';
import { GitRepositories, type GitRepositoriesOptions } from './repositories.ts';

/** The cost of a range of commits. */
export interface Receipt {
  readonly repository: string;
  readonly range: string;
  /** Newest first, including those without usage. */
  readonly commits: readonly CommitCost[];
  readonly totals: Totals;
  /** Highest cost first; `key` has one value. */
  readonly byModel: readonly Group[];
  readonly byAuthor: readonly Group[];
  /** Usage on the current branches that is not committed yet; not part of the totals. */
  readonly notCommitted: Totals;
  /** Whether the clone lacks older history, so that the cost of its commits may be missing. */
  readonly isShallow: boolean;
}

export interface CommitCost {
  readonly commit: GitCommit;
  readonly totals: Totals;
}

export interface ReceiptOptions extends GitRepositoriesOptions {
  /** A folder in the repository. Git runs there: the user must trust it. */
  folder: string;
  /** As git writes it. Default: the commits of the branch that its target lacks, as for a pull request. */
  range?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  /** ms since the epoch. */
  now: number;
}

/**
 * Computes a receipt. A commit that was rebased, amended, cherry-picked or squashed has the cost of its earlier forms.
 * @throws {GitError} when the folder is in no repository or the range names no commit.
 */
export async function receiptOf(
  answers: GitAnswers,
  { folder, range, env, now, ...options }: ReceiptOptions,
): Promise<Receipt> {
  const reader = new GitRepositories(options);
  const { repositories, asked, problems } = await reader.read([folder]);
  await reader.settle();
  const [repository] = asked;
  if (repository === undefined) throw problems[0]!;
  const wanted =
    range === undefined
      ? await pullRange(folder, repository.graph, { ...options, env })
      : await resolveRange(folder, range, options);
  return costOfRange(answers, repositories, repository, { range: wanted, now });
}

/** The receipt of commits that are known already. */
export async function costOfRange(
  answers: GitAnswers,
  repositories: readonly CostedRepository[],
  repository: CostedRepository,
  { range, now }: { range: CommitRange; now: number },
): Promise<Receipt> {
  const { graph, lineage } = repository;
  const list = new Set(range.commits);
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const groups = await attributeUsage(answers, repositories, { filter: {}, groupBy: ['model'], calendar }, now);
  const byCommit = new Map<string, Totals>(range.commits.map((hash) => [hash, emptyTotals()]));
  const byModel = new Map<string | null, Totals>();
  const byAuthor = new Map<string | null, Totals>();
  const totals = emptyTotals();
  const notCommitted = emptyTotals();
  for (const { attributed, group } of groups) {
    if (attributed.repository !== repository) continue;
    if (attributed.kind === 'open') addTotals(notCommitted, group.totals);
    const hash = attributed.kind === 'commit' ? lineage.within(attributed.hash, list) : undefined;
    if (hash === undefined) continue;
    addTotals(byCommit.get(hash)!, group.totals);
    addTotals(sumOf(byModel, group.key[0] ?? null), group.totals);
    addTotals(sumOf(byAuthor, graph.commits.get(hash)?.author ?? null), group.totals);
    addTotals(totals, group.totals);
  }
  return {
    repository: graph.name,
    range: range.name,
    commits: [...byCommit].flatMap(([hash, cost]) => {
      const commit = graph.commits.get(hash);
      return commit === undefined ? [] : [{ commit, totals: cost }];
    }),
    totals,
    byModel: ordered(byModel, 'model'),
    byAuthor: ordered(byAuthor, 'user'),
    notCommitted,
    isShallow: graph.isShallow,
  };
}

function sumOf(sums: Map<string | null, Totals>, key: string | null): Totals {
  const known = sums.get(key) ?? emptyTotals();
  sums.set(key, known);
  return known;
}

function ordered(sums: ReadonlyMap<string | null, Totals>, grouping: 'model' | 'user'): Group[] {
  return orderGroups(
    [...sums].map(([key, totals]) => ({ key: [key], totals })),
    [grouping],
  );
}
