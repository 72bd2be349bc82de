import { GIT_GROUPINGS, isGitGrouping, NOT_ATTRIBUTED, NOT_COMMITTED, type GitQuery } from '../../git/gitGroups.ts';
import type { GitCommit } from '../../git/history.ts';
import type { LedgerView } from '../../ledger/view.ts';
import type { Group } from '../../usage/query.ts';
import { readRepositories } from '../arguments/repositories.ts';
import { t } from '../language/text.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/** Groups by commit, branch, pull request, ticket and repository, for `llm-spend costs`. */

export { GIT_GROUPINGS, isGitGrouping };

export interface GitCosts {
  groups: Group[];
  /** By hash. */
  commits: ReadonlyMap<string, GitCommit>;
  notes: string[];
}

const RESTS: Readonly<Record<string, string>> = {
  [NOT_COMMITTED]: 'not-committed',
  [NOT_ATTRIBUTED]: 'not-attributed',
};
const SHORT_HASH = 10;

export async function gitCosts(view: LedgerView, query: GitQuery, now: number): Promise<GitCosts> {
  const { gitGroups } = await import('../../git/index.ts');
  const { repositories, asked, problems } = await readRepositories();
  const groups = await gitGroups(view, repositories, query, now);
  const commits = new Map<string, GitCommit>();
  const at = query.groupBy.indexOf('commit');
  for (const { key } of groups) {
    const hash = at === -1 ? null : (key[at] ?? null);
    if (hash === null || commits.has(hash)) continue;
    for (const { graph } of repositories) {
      const commit = graph.commits.get(hash);
      if (commit !== undefined) commits.set(hash, commit);
    }
  }
  const notes = problems.map(({ message }) => message);
  if (asked.some((repository) => repository?.graph.isShallow === true)) {
    notes.push(t`This clone is shallow: usage of commits that it lacks is not attributed.`);
  }
  return { groups, commits, notes };
}

/** A key for display: a commit with its subject, and the rests in parentheses. */
export function shownKey(key: string | null, commits: ReadonlyMap<string, GitCommit>): string | null {
  if (key === null) return null;
  if (ownValue(RESTS, key) !== undefined) return `(${key.slice(1)})`;
  const commit = commits.get(key);
  return commit === undefined ? key : `${key.slice(0, SHORT_HASH)} ${commit.subject}`;
}

/** The parts of a group in JSON that describe its commit, or say that it has none. */
export function commitJson(
  key: readonly (string | null)[],
  by: readonly string[],
  commits: ReadonlyMap<string, GitCommit>,
): { key: Record<string, string | null>; rest?: string; commit?: object } {
  const at = by.indexOf('commit');
  const value = at === -1 ? undefined : key[at];
  const rest = value === undefined || value === null ? undefined : ownValue(RESTS, value);
  const commit = value === undefined || value === null ? undefined : commits.get(value);
  return {
    key: Object.fromEntries(by.map((name, i) => [name, rest !== undefined && i === at ? null : (key[i] ?? null)])),
    ...(rest === undefined ? {} : { rest }),
    ...(commit === undefined
      ? {}
      : {
          commit: {
            subject: commit.subject,
            author: commit.author,
            authored_at: new Date(commit.authoredAt).toISOString(),
          },
        }),
  };
}
