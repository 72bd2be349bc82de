import { nextTurn } from '../system/turns.ts';
import { commitGraph, folderName, lastPart, type CommitGraph } from './graph.ts';
import { commitLabels, type CommitLabels } from './commitLabels.ts';
import type { CloneHistory } from './history.ts';
import { lineageOf, type Lineage } from './lineage.ts';
import {
  authoredCommits,
  branchAt,
  firstAfter,
  LONGEST_WAIT_MS,
  nextCommit,
  timedLog,
  type AuthoredCommit,
  type TimedLog,
} from './timeline.ts';

/** A repository, prepared for attribution. */
export interface CostedRepository {
  /** The folders shared by the worktrees of each clone. */
  readonly commonDirs: ReadonlySet<string>;
  readonly graph: CommitGraph;
  readonly lineage: Lineage;
  readonly labels: CommitLabels;
  readonly heads: readonly TimedLog[];
  readonly branchLogs: ReadonlyMap<string, readonly TimedLog[]>;
  readonly authored: ReadonlyMap<string, readonly AuthoredCommit[]>;
  /** Names of folders under which usage in this repository is recorded as `project`. */
  readonly projects: ReadonlySet<string>;
}

/** @param clones of one repository. */
export async function costedRepository(clones: readonly CloneHistory[]): Promise<CostedRepository> {
  const graph = await commitGraph(clones);
  await nextTurn();
  const labels = await commitLabels(graph);
  await nextTurn();
  const lineage = await lineageOf(graph);
  await nextTurn();
  const names = new Set([...graph.branches.keys(), ...graph.branchLogs.flatMap(({ branch }) => branch ?? [])]);
  const branchLogs = new Map<string, TimedLog[]>();
  for (const log of graph.branchLogs) {
    const branch = log.branch ?? '';
    branchLogs.set(branch, [...(branchLogs.get(branch) ?? []), timedLog(log, names)]);
  }
  const projects = graph.heads.flatMap(({ worktree }) => (worktree === undefined ? [] : [lastPart(worktree)]));
  return {
    commonDirs: new Set(clones.map(({ commonDir }) => commonDir)),
    graph,
    labels,
    lineage,
    heads: graph.heads.map((log) => timedLog(log, names)),
    branchLogs,
    authored: authoredCommits(graph, labels),
    projects: new Set([...projects, ...clones.map(folderName), lastPart(graph.name)]),
  };
}

/** The fields of records by which they are attributed. All records of a group have the same. */
export interface UsagePlace {
  /** The beginning of the interval between two bounds in which the usage took place, ms. */
  readonly since: number;
  readonly project: string | null;
  readonly branch: string | null;
  readonly session: string | null;
  /** A commit that the record names itself. */
  readonly commit: string | null;
}

/**
 * - `commit`: the usage belongs to this commit, which may have been replaced since (see {@link Lineage}).
 * - `open`: it was not committed yet.
 * - `none`: it cannot be attributed: its repository is unknown or ambiguous, or no commit followed in time.
 */
export type Attributed =
  | {
      readonly kind: 'commit';
      readonly repository: CostedRepository | undefined;
      readonly hash: string;
      readonly branch: string;
    }
  | { readonly kind: 'open'; readonly repository: CostedRepository; readonly branch: string }
  | { readonly kind: 'none'; readonly repository: CostedRepository | undefined; readonly branch: string };

const SHORTEST_HASH = 7;

/** Attributes usage to the commits of some repositories. Pure: reads neither git nor the clock. */
export class Attribution {
  readonly #repositories: readonly CostedRepository[];
  readonly #now: number;
  readonly #known = new Map<string, Attributed>();
  /** The repository of a session, as far as its other records show it; undefined if they differ. */
  readonly #sessions = new Map<string, CostedRepository | undefined>();
  /** Projects by session: see {@link ambiguous}. */
  readonly #ambiguous = new Map<string, string>();
  readonly #byHash = new Map<string, Attributed>();

  constructor(repositories: readonly CostedRepository[], now: number) {
    this.#repositories = repositories;
    this.#now = now;
  }

  /** Times at which the answer may change, ascending: usage between two of them is attributed as one. */
  bounds(): number[] {
    const bounds = new Set<number>([this.#now - LONGEST_WAIT_MS]);
    const add = ({ end }: { end: number }): void => {
      bounds.add(end);
      bounds.add(end - LONGEST_WAIT_MS);
    };
    for (const { heads, branchLogs, authored } of this.#repositories) {
      for (const log of [...heads, ...[...branchLogs.values()].flat()]) log.moves.forEach(add);
      for (const commits of authored.values()) commits.forEach(add);
    }
    return [...bounds].sort((a, b) => a - b);
  }

  /** Must be called for all usage before {@link of}: records of a session help to attribute its others. */
  learn({ project, branch, session }: UsagePlace): void {
    if (session === null) return;
    const repository = this.#byProject(project, branch);
    if (repository === undefined) {
      if (project !== null && this.#named(project).length > 1) this.#ambiguous.set(session, project);
      return;
    }
    const known = this.#sessions.get(session);
    this.#sessions.set(session, this.#sessions.has(session) && known !== repository ? undefined : repository);
  }

  /** Sessions in a project whose name several repositories have, if no other record shows which: pairs of session and project. */
  ambiguous(): (readonly [session: string, project: string])[] {
    return [...this.#ambiguous].filter(([session]) => !this.#sessions.has(session));
  }

  /** Attributes a session to the repository that contains the folder in which it ran. */
  learnFolder(session: string, folder: string): void {
    let longest = -1;
    for (const repository of this.#repositories) {
      for (const { worktree } of repository.graph.heads) {
        // A worktree may be inside another repository: the innermost counts.
        if (worktree === undefined || worktree.length <= longest || !isInside(folder, worktree)) continue;
        longest = worktree.length;
        this.#sessions.set(session, repository);
      }
    }
  }

  of(place: UsagePlace): Attributed {
    const key = JSON.stringify(place);
    let known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, (known = this.#find(place)));
    return known;
  }

  #find(place: UsagePlace): Attributed {
    const { since, project, session, commit } = place;
    const branch = place.branch === 'HEAD' ? null : place.branch;
    const repository = this.#byProject(project, branch) ?? (session === null ? undefined : this.#sessions.get(session));
    if (commit !== null && commit !== '') return this.#byCommit(commit.toLowerCase(), repository, branch ?? '');
    if (repository === undefined) return { kind: 'none', repository, branch: branch ?? '' };
    return this.#inRepository(repository, since, project, branch);
  }

  #named(project: string): readonly CostedRepository[] {
    return this.#repositories.filter(({ projects }) => projects.has(project));
  }

  #byProject(project: string | null, branch: string | null): CostedRepository | undefined {
    if (project === null) return undefined;
    const named = this.#named(project);
    if (named.length < 2 || branch === null) return named.length === 1 ? named[0] : undefined;
    const withBranch = named.filter(({ graph, branchLogs, heads }) => {
      const isSeen = heads.some(({ first, moves }) => first === branch || moves.some((move) => move.branch === branch));
      return graph.branches.has(branch) || branchLogs.has(branch) || isSeen;
    });
    return withBranch.length === 1 ? withBranch[0] : undefined;
  }

  #byCommit(commit: string, repository: CostedRepository | undefined, branch: string): Attributed {
    const key = `${commit} ${branch}`;
    const known = this.#byHash.get(key);
    if (known !== undefined) return known;
    const own = repository === undefined ? [] : [repository];
    for (const each of [...own, ...this.#repositories]) {
      const hash = fullHash(each.graph, commit);
      if (hash === undefined) continue;
      const found: Attributed = { kind: 'commit', repository: each, hash, branch };
      this.#byHash.set(key, found);
      return found;
    }
    const unknown: Attributed = { kind: 'commit', repository, hash: commit, branch };
    this.#byHash.set(key, unknown);
    return unknown;
  }

  #inRepository(repository: CostedRepository, ms: number, project: string | null, branch: string | null): Attributed {
    const log = worktreeLog(repository, ms, project, branch);
    let mine = branch ?? '';
    if (log !== undefined) {
      const current = branch ?? branchAt(log, ms);
      const next = nextCommit(log, ms, current);
      if ('hash' in next) return { kind: 'commit', repository, hash: next.hash, branch: current };
      mine = next.branch;
    }
    const hash = mine === '' ? undefined : commitOfBranch(repository, ms, mine);
    if (hash !== undefined) return { kind: 'commit', repository, hash, branch: branch ?? mine };
    const isOpen = ms >= this.#now - LONGEST_WAIT_MS && isStillOpen(repository, log, mine);
    return { kind: isOpen ? 'open' : 'none', repository, branch: mine };
  }
}

/** The log of the worktree in which a usage took place: its folder has the project's name, and the branch was checked out. */
function worktreeLog(
  { heads }: CostedRepository,
  ms: number,
  project: string | null,
  branch: string | null,
): TimedLog | undefined {
  const named = heads.filter(({ worktree }) => worktree !== undefined && lastPart(worktree) === project);
  const candidates = named.length > 0 ? named : heads;
  if (branch === null) return candidates[0];
  // Logs have whole seconds, so usage right after a checkout may seem to come before it.
  const isNext = ({ moves }: TimedLog): boolean => moves[firstAfter(moves, ms)]?.branch === branch;
  return candidates.find((log) => branchAt(log, ms) === branch) ?? candidates.find(isNext);
}

function commitOfBranch({ branchLogs, authored }: CostedRepository, ms: number, branch: string): string | undefined {
  for (const log of branchLogs.get(branch) ?? []) {
    const next = nextCommit(log, ms, branch);
    if ('hash' in next) return next.hash;
  }
  const commits = authored.get(branch) ?? [];
  const next = commits[firstAfter(commits, ms)];
  return next !== undefined && next.end - LONGEST_WAIT_MS <= ms ? next.hash : undefined;
}

/** Whether work on this branch can still be committed. */
function isStillOpen({ graph, heads }: CostedRepository, log: TimedLog | undefined, branch: string): boolean {
  if (branch === '') return log?.isRemoved === false;
  return graph.branches.has(branch) || heads.some((each) => !each.isRemoved && branchAt(each, Infinity) === branch);
}

/** Paths of any platform. */
function isInside(folder: string, top: string): boolean {
  const [inner, outer] = [folder, top].map((each) => `${each.replaceAll('\\', '/').replace(/\/+$/, '')}/`);
  return inner!.startsWith(outer!);
}

/** undefined if no commit, or more than one, begins like this. */
function fullHash({ commits }: CommitGraph, commit: string): string | undefined {
  if (commits.has(commit)) return commit;
  if (commit.length < SHORTEST_HASH || !/^[0-9a-f]+$/.test(commit)) return undefined;
  let found: string | undefined;
  for (const hash of commits.keys()) {
    if (!hash.startsWith(commit)) continue;
    if (found !== undefined) return undefined;
    found = hash;
  }
  return found;
}
