import { slicer } from '../system/slices.ts';
import { HEADS, type CloneHistory, type GitCommit, type RefMove } from './history.ts';

/** The log of a worktree's head, or of a branch. */
export interface MoveLog {
  readonly moves: readonly RefMove[];
  /** The worktree's path; undefined for the log of a branch. */
  readonly worktree: string | undefined;
  /** The branch of a branch's log, or the one that the worktree has checked out now. */
  readonly branch: string | undefined;
  readonly isRemoved: boolean;
}

/** One repository: all its clones and worktrees on this machine together. */
export interface CommitGraph {
  /** `github.com/owner/name`, or the name of the folder if there is no remote. */
  readonly name: string;
  readonly commits: ReadonlyMap<string, GitCommit>;
  /** Commits that a reference or a worktree still reaches. */
  readonly reachable: ReadonlySet<string>;
  /** Commits of the default branch. */
  readonly inDefault: ReadonlySet<string>;
  readonly defaultBranch: string | undefined;
  /** Tips by branch; remote branches are named without the remote, and follow the local ones. */
  readonly branches: ReadonlyMap<string, readonly string[]>;
  /** Tips of fetched pull requests, by number. */
  readonly pulls: ReadonlyMap<string, string>;
  readonly heads: readonly MoveLog[];
  readonly branchLogs: readonly MoveLog[];
  readonly ownEmails: ReadonlySet<string>;
  readonly patches: ReadonlyMap<string, string>;
  readonly isShallow: boolean;
}

/** @param clones of one repository, at least one. */
export async function commitGraph(clones: readonly CloneHistory[]): Promise<CommitGraph> {
  const [first] = clones as [CloneHistory, ...CloneHistory[]];
  const isOne = clones.length === 1;
  const commits = isOne ? first.commits : new Map(clones.flatMap((clone) => [...clone.commits]));
  const branches = branchTips(clones);
  const heads = clones.flatMap(headLogs);
  const live = heads.filter(({ isRemoved }) => !isRemoved).flatMap(({ moves }) => moves.at(-1)?.to ?? []);
  const defaultBranch = clones.find((clone) => clone.defaultBranch !== undefined)?.defaultBranch;
  const inDefault = await ancestors(commits, branches.get(defaultBranch ?? '') ?? []);
  const all = [...clones.flatMap((clone) => [...clone.refs.values()]), ...live];
  return {
    name: first.remote ?? folderName(first),
    commits,
    reachable: await ancestors(commits, all, inDefault),
    inDefault,
    defaultBranch,
    branches,
    pulls: new Map(clones.flatMap((clone) => [...clone.refs].flatMap(pullOf))),
    heads,
    branchLogs: clones.flatMap(branchLogs),
    ownEmails: new Set(clones.flatMap((clone) => [...clone.ownEmails])),
    isShallow: clones.some((clone) => clone.isShallow),
    patches: isOne ? first.patches : new Map(clones.flatMap((clone) => [...clone.patches])),
  };
}

/**
 * The commits themselves and all their ancestors.
 * @param known commits whose ancestors it contains; they are part of the result.
 */
export async function ancestors(
  commits: ReadonlyMap<string, GitCommit>,
  tips: readonly string[],
  known?: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const slice = slicer();
  const found = new Set<string>(known);
  const open = [...tips];
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    const commit = found.has(hash) ? undefined : commits.get(hash);
    if (commit === undefined) continue;
    found.add(hash);
    open.push(...commit.parents);
    if (found.size % 1000 === 0) await slice();
  }
  return found;
}

/** The name of a repository without a remote: its main folder. */
export function folderName({ commonDir, worktrees }: CloneHistory): string {
  const main = worktrees.find(({ log, isRemoved }) => log === 'HEAD' && !isRemoved)?.path;
  return lastPart(main ?? commonDir.replace(/[\\/]\.git$/, '')).replace(/\.git$/, '');
}

/** The last part of a path of any platform. */
export function lastPart(path: string): string {
  return (
    path
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .at(-1) ?? ''
  );
}

function branchTips(clones: readonly CloneHistory[]): Map<string, string[]> {
  const tips = new Map<string, string[]>();
  const add = (name: string, hash: string): void => void tips.set(name, [...(tips.get(name) ?? []), hash]);
  const refs = clones.flatMap((clone) => [...clone.refs]);
  for (const [ref, hash] of refs) if (ref.startsWith(HEADS)) add(ref.slice(HEADS.length), hash);
  for (const [ref, hash] of refs) {
    const [, name] = /^refs\/remotes\/[^/]+\/(?!HEAD$)(.+)$/.exec(ref) ?? [];
    if (name !== undefined) add(name, hash);
  }
  return tips;
}

function pullOf([ref, hash]: [string, string]): [string, string][] {
  const [, number] = /^refs\/(?:pull|merge-requests|remotes\/[^/]+\/pr)\/(\d+)(?:\/head)?$/.exec(ref) ?? [];
  return number === undefined ? [] : [[number, hash]];
}

function headLogs({ worktrees, logs }: CloneHistory): MoveLog[] {
  return worktrees.map(({ log, path, branch, isRemoved }) => ({
    moves: logs.get(log) ?? [],
    worktree: path,
    branch,
    isRemoved,
  }));
}

function branchLogs({ refs, logs }: CloneHistory): MoveLog[] {
  return [...logs].flatMap(([log, moves]) =>
    log.startsWith(HEADS)
      ? [{ moves, worktree: undefined, branch: log.slice(HEADS.length), isRemoved: !refs.has(log) }]
      : [],
  );
}
