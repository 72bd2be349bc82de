import { orderGroups } from '../columns/groupOrder.ts';
import { slicer } from '../system/slices.ts';
import type {
  AggregateQuery,
  Calendar,
  Group,
  Grouping,
  Page,
  PageQuery,
  QueryGrouping,
  UsageFilter,
} from '../usage/query.ts';
import { expandedFolder } from '../system/paths.ts';
import { nextTurn } from '../system/turns.ts';
import { mergeGroups } from '../usage/totals.ts';
import { Attribution, type Attributed, type CostedRepository, type UsagePlace } from './attribution.ts';

/** Totals by commit, branch, pull request, ticket and repository, alone or combined with the groupings of ledgers. */

export const GIT_GROUPINGS = ['commit', 'branch', 'pr', 'ticket', 'repository'] as const;
export type GitGrouping = (typeof GIT_GROUPINGS)[number];

export function isGitGrouping(name: string): name is GitGrouping {
  return (GIT_GROUPINGS as readonly string[]).includes(name);
}

/** Keys of the usage that belongs to no commit. A record cannot name such a commit. */
export const NOT_COMMITTED = '\0not committed yet';
export const NOT_ATTRIBUTED = '\0not attributed';

/** `ABC-123` in the name of a branch. */
export const TICKET = /(?<![A-Za-z0-9])[A-Z][A-Z0-9]+-\d+(?!\d)/;

export interface GitQuery {
  filter: UsageFilter;
  groupBy: readonly (Grouping | GitGrouping)[];
  calendar: Calendar;
  /** Finds a ticket in the name of a branch: its first group, or the whole match. Default: {@link TICKET}. */
  ticket?: RegExp | undefined;
}

/** A group of usage that is attributed as one. */
export interface AttributedGroup {
  attributed: Attributed;
  /** The branch that the records name, else the one that git shows; an empty text if neither is known. */
  branch: string;
  /** The values of the groupings that were asked for besides. */
  group: Group;
}

/** The ledgers as far as they are asked. */
export interface GitAnswers {
  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
}

type PlainQuery = Omit<AggregateQuery, 'intervals' | 'top'>;

/** More ambiguous sessions than these are not looked up one by one. */
const MOST_SESSIONS = 500;
const PLACE = ['interval', 'project', 'branch', 'session', 'commit'] as const satisfies QueryGrouping[];

/**
 * Attributes all usage that matches. The totals of the groups add up to the total of the filter, except that a record with several
 * tags is in the groups of all of them, as in every query.
 */
export async function attributeUsage(
  answers: GitAnswers,
  repositories: readonly CostedRepository[],
  { filter, groupBy, calendar }: PlainQuery,
  now: number,
): Promise<AttributedGroup[]> {
  const attribution = new Attribution(repositories, now);
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter;
  await nextTurn();
  const intervals = attribution.bounds().filter((ms) => ms < until);
  // The interval that contains `since` must begin where it does.
  const first = intervals.findLastIndex((ms) => ms <= since);
  if (first > 0) intervals.splice(0, first);
  await nextTurn();
  const groups = await answers.aggregate({ filter, groupBy: [...groupBy, ...PLACE], calendar, intervals });
  await nextTurn();
  const slice = slicer();
  const places: UsagePlace[] = [];
  for (const [i, { key }] of groups.entries()) {
    if (i % 200 === 199) await slice();
    const [interval, project = null, branch = null, session = null, commit = null] = key.slice(groupBy.length);
    const place = {
      since: intervals[Number(interval) - 1] ?? Number.NEGATIVE_INFINITY,
      project,
      branch,
      session,
      commit,
    };
    attribution.learn(place);
    places.push(place);
  }
  for (const [session, project] of attribution.ambiguous().slice(0, MOST_SESSIONS)) {
    const folder = await folderOf(answers, session, project);
    if (folder !== undefined) attribution.learnFolder(session, expandedFolder(folder));
  }
  const result: AttributedGroup[] = [];
  for (const [i, { key, totals }] of groups.entries()) {
    if (i % 200 === 199) await slice();
    const attributed = attribution.of(places[i]!);
    result.push({ attributed, branch: attributed.branch, group: { key: key.slice(0, groupBy.length), totals } });
  }
  return result;
}

/** The folder of the first record of a session in a project. Ledgers cannot group by folders. */
async function folderOf(answers: GitAnswers, session: string, project: string): Promise<string | undefined> {
  const filter = { values: { session: [session], project: [project] } };
  const { rows } = await answers.page({ filter, sort: 'time', descending: false, offset: 0, limit: 1 });
  const folder = rows[0]?.record.folder;
  return typeof folder === 'string' ? folder : undefined;
}

/** Groups in the order of ledgers' answers; usage that belongs to no commit comes last where commits come first. */
export async function gitGroups(
  answers: GitAnswers,
  repositories: readonly CostedRepository[],
  { filter, groupBy, calendar, ticket = TICKET }: GitQuery,
  now: number,
): Promise<Group[]> {
  const plain = groupBy.filter((grouping): grouping is Grouping => !isGitGrouping(grouping));
  const attributed = await attributeUsage(answers, repositories, { filter, groupBy: plain, calendar }, now);
  const slice = slicer();
  const groups: Group[] = [];
  for (const [i, each] of attributed.entries()) {
    if (i % 200 === 199) await slice();
    let next = 0;
    const key = groupBy.map((grouping) =>
      isGitGrouping(grouping) ? gitValue(grouping, each, ticket) : (each.group.key[next++] ?? null),
    );
    groups.push({ key, totals: each.group.totals });
  }
  const order = groupBy.map((grouping): Grouping => (isGitGrouping(grouping) ? 'commit' : grouping));
  await nextTurn();
  const merged = mergeGroups(groups);
  await nextTurn();
  const ordered = orderGroups(merged, order);
  if (groupBy[0] !== 'commit') return ordered;
  const isRest = ({ key }: Group): boolean => key[0] === NOT_COMMITTED || key[0] === NOT_ATTRIBUTED;
  return [...ordered.filter((group) => !isRest(group)), ...ordered.filter(isRest)];
}

function gitValue(grouping: GitGrouping, { attributed, branch }: AttributedGroup, ticket: RegExp): string | null {
  const { kind, repository } = attributed;
  switch (grouping) {
    case 'commit':
      if (kind === 'commit') return repository?.lineage.current(attributed.hash) ?? attributed.hash;
      return kind === 'open' ? NOT_COMMITTED : NOT_ATTRIBUTED;
    case 'branch':
      return branchOf(attributed, branch) || null;
    case 'pr':
      return pullOf(attributed, branch);
    case 'ticket': {
      const match = ticket.exec(branchOf(attributed, branch));
      return match?.[1] ?? match?.[0] ?? null;
    }
    case 'repository':
      return repository?.graph.name ?? null;
  }
}

function branchOf(attributed: Attributed, branch: string): string {
  if (branch !== '' || attributed.kind !== 'commit') return branch;
  const { repository, hash } = attributed;
  return repository?.labels.ofCommit.get(repository.lineage.current(hash))?.branch ?? '';
}

function pullOf(attributed: Attributed, branch: string): string | null {
  const { repository } = attributed;
  if (repository === undefined) return null;
  const { labels, lineage } = repository;
  const forms = attributed.kind === 'commit' ? lineage.forms(attributed.hash) : [];
  for (const hash of forms) {
    const pull = labels.ofCommit.get(hash)?.pull;
    if (pull !== undefined) return `#${pull}`;
  }
  const pull = labels.pullOfBranch.get(branch);
  return pull === undefined ? null : `#${pull}`;
}
