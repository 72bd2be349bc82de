import type { CommitGraph, MoveLog } from './graph.ts';
import type { GitCommit, RefMove } from './history.ts';
import type { CommitLabels } from './commitLabels.ts';

/**
 * Times at which work was committed. A usage belongs to the first commit after it on its worktree and branch. The logs of the
 * worktrees show that exactly; commits that no log knows (made elsewhere, or long ago) count at their author's time.
 */

/** A usage is not attributed to a commit that was made later than this. */
export const LONGEST_WAIT_MS = 14 * 86_400_000;

/** Moves that take in the work done since the last commit. A pick of a rebase or a merge without conflicts does not. */
const COMMITS = /^commit(?: \((?:initial|amend|merge|cherry-pick)\))?:|^rebase.*\(continue\):/;
const CHECKOUT = /^checkout: moving from (\S+) to (\S+)/;
const RENAME = /^Branch: renamed refs\/heads\/(\S+) to refs\/heads\/(\S+)/;

/** The time from which on usage comes after a move: git stores whole seconds. */
const after = (ms: number): number => ms + 1000;

interface TimedMove {
  /** See {@link after}. */
  readonly end: number;
  readonly hash: string;
  readonly isCommit: boolean;
  /** The branch before and after the move; an empty text for a detached head. */
  readonly before: string;
  readonly branch: string;
  /** Whether uncommitted work went along to another branch. */
  readonly carries: boolean;
  readonly isRename: boolean;
}

export interface TimedLog {
  readonly worktree: string | undefined;
  readonly isRemoved: boolean;
  /** The branch before the first move. */
  readonly first: string;
  readonly moves: readonly TimedMove[];
}

/** @param branchNames distinguish the name of a branch from that of a commit or tag. */
export function timedLog({ moves, worktree, branch, isRemoved }: MoveLog, branchNames: ReadonlySet<string>): TimedLog {
  const named = (name: string): string => (branchNames.has(name) || !looksLikeCommit(name) ? name : '');
  const checkouts = moves.flatMap(({ action }) => CHECKOUT.exec(action) ?? []);
  // Without a checkout, the log has the branch of today from its beginning.
  const first =
    worktree === undefined ? (branch ?? '') : checkouts[1] === undefined ? (branch ?? '') : named(checkouts[1]);
  let now = first;
  const timed = moves.map((move): TimedMove => {
    const before = now;
    const [, , to] = CHECKOUT.exec(move.action) ?? [];
    const [, renamed, name] = RENAME.exec(move.action) ?? [];
    if (worktree !== undefined) now = to === undefined ? branchAfter(move, now) : named(to);
    if (name !== undefined && renamed === before) now = name;
    return {
      end: after(move.at),
      hash: move.to,
      isCommit: COMMITS.test(move.action),
      before,
      branch: now,
      carries: to !== undefined && move.from === move.to,
      isRename: name !== undefined && renamed === before,
    };
  });
  return { worktree, isRemoved, first, moves: timed };
}

/** A rebase detaches the head until it has finished; its commits count for the branch all the same. */
function branchAfter({ action }: RefMove, branch: string): string {
  const [, back] = /^(?:pull.*|rebase.*)finish(?:ed)?\)?: returning to refs\/heads\/(\S+)/.exec(action) ?? [];
  return back ?? branch;
}

function looksLikeCommit(name: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(name) || /[~^@]/.test(name);
}

/** Index of the first move whose end is after `ms`. */
export function firstAfter(moves: readonly { readonly end: number }[], ms: number): number {
  let low = 0;
  let high = moves.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (moves[middle]!.end > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The branch that a worktree had checked out. */
export function branchAt({ first, moves }: TimedLog, ms: number): string {
  const index = firstAfter(moves, ms);
  return index === 0 ? first : moves[index - 1]!.branch;
}

export type NextCommit = { readonly hash: string } | { readonly branch: string };

/**
 * The commit that took in the work done at a time on a branch: the next one on this branch, or on the branch to which the
 * uncommitted work went along. Without such a commit, the branch that has the work.
 */
export function nextCommit({ moves, worktree }: TimedLog, ms: number, branch: string): NextCommit {
  let mine = branch;
  for (let i = firstAfter(moves, ms); i < moves.length; i++) {
    const move = moves[i]!;
    if (move.end - LONGEST_WAIT_MS > ms) break;
    const isHere = worktree === undefined || move.before === mine;
    if (!isHere) continue;
    if (move.isCommit) return { hash: move.hash };
    if (move.carries || move.isRename) mine = move.branch;
  }
  return { branch: mine };
}

/** Whether a move made its commit, rather than going to one that was fetched. */
function isMadeHere(action: string): boolean {
  return /^(commit|rebase|cherry-pick|am|revert|merge|pull.*rebase)/.test(action) && !action.endsWith(': Fast-forward');
}

/** A commit that no log knows, at its author's time. */
export interface AuthoredCommit {
  readonly end: number;
  readonly hash: string;
}

/** The commits that no log of this machine knows, by branch and by time. */
export function authoredCommits(
  { commits, heads, branchLogs, ownEmails }: CommitGraph,
  { ofCommit }: CommitLabels,
): Map<string, AuthoredCommit[]> {
  const made = [...heads, ...branchLogs].flatMap(({ moves }) => moves.filter(({ action }) => isMadeHere(action)));
  const logged = new Set(made.map(({ to }) => to));
  // On a machine that only reads, such as in CI, the usage is that of all authors.
  const isOwn = hasAuthor(commits, ownEmails);
  const found = new Map<string, AuthoredCommit[]>();
  for (const [hash, { branch }] of ofCommit) {
    const commit: GitCommit = commits.get(hash)!;
    if (logged.has(hash) || commit.parents.length > 1 || (isOwn && !ownEmails.has(commit.email))) continue;
    const list = found.get(branch ?? '');
    const entry = { end: after(commit.authoredAt), hash };
    if (list === undefined) found.set(branch ?? '', [entry]);
    else list.push(entry);
  }
  for (const list of found.values()) list.sort((a, b) => a.end - b.end);
  return found;
}

function hasAuthor(commits: ReadonlyMap<string, GitCommit>, emails: ReadonlySet<string>): boolean {
  for (const { email } of commits.values()) if (emails.has(email)) return true;
  return false;
}
