import { nextTurn } from '../system/turns.ts';
import { slicer, type Slice } from '../system/slices.ts';
import type { CommitGraph, MoveLog } from './graph.ts';
import type { GitCommit, RefMove } from './history.ts';

/**
 * Follows commits through amends, rebases, cherry-picks and squashes. Evidence, strongest first: reflogs, the author and time of
 * a commit, its tree, its patch id.
 */
export class Lineage {
  readonly #graph: CommitGraph;
  /** Later forms of a commit: the first is the one that replaced it, the others are copies and squashes that contain it. */
  readonly #later: ReadonlyMap<string, readonly string[]>;

  constructor(graph: CommitGraph, later: ReadonlyMap<string, readonly string[]>) {
    this.#graph = graph;
    this.#later = later;
  }

  /** The commit and all its later forms, itself first. */
  forms(hash: string): ReadonlySet<string> {
    const forms = new Set([hash]);
    for (const form of forms) for (const later of this.#later.get(form) ?? []) forms.add(later);
    return forms;
  }

  /** The form of a commit that still exists: the commit itself, else the one that replaced it. */
  current(hash: string): string {
    if (this.#graph.reachable.has(hash)) return hash;
    for (const form of this.forms(hash)) if (this.#graph.reachable.has(form)) return form;
    return hash;
  }

  /** The form of a commit that is in a list; undefined if none is. */
  within(hash: string, list: ReadonlySet<string>): string | undefined {
    if (list.has(hash)) return hash;
    for (const form of this.forms(hash)) if (list.has(form)) return form;
    return undefined;
  }
}

type Later = Map<string, string[]>;

export async function lineageOf(graph: CommitGraph): Promise<Lineage> {
  const later: Later = new Map();
  const slice = slicer();
  const copies = await commitsByTime(graph, slice);
  amends(graph, later);
  rebases(graph, copies, later);
  await rewrites(graph, copies, later, slice);
  await nextTurn();
  squashes(graph, later);
  return new Lineage(graph, later);
}

function add(later: Later, from: string, to: string): void {
  if (from === to) return;
  const forms = later.get(from);
  if (forms === undefined) later.set(from, [to]);
  else if (!forms.includes(to)) forms.push(to);
}

/** Reachable commits by their author's time: a number, because joining it with the author took a third of a read. */
type Copies = ReadonlyMap<number, readonly GitCommit[]>;

async function commitsByTime({ commits, reachable }: CommitGraph, slice: Slice): Promise<Copies> {
  const found = new Map<number, GitCommit[]>();
  let count = 0;
  for (const hash of reachable) {
    const commit = commits.get(hash)!;
    const same = found.get(commit.authoredAt);
    if (same === undefined) found.set(commit.authoredAt, [commit]);
    else same.push(commit);
    if (++count % 1000 === 0) await slice();
  }
  return found;
}

/** The reachable commits with the author and time of a commit, which all its copies share. */
function copiesOf({ authoredAt, email }: GitCommit, copies: Copies): readonly GitCommit[] {
  return copies.get(authoredAt)?.filter((each) => each.email === email) ?? [];
}

function amends({ heads, branchLogs, reachable }: CommitGraph, later: Later): void {
  for (const { moves } of [...heads, ...branchLogs]) {
    for (const { action, from, to } of moves) {
      if (action.startsWith('commit (amend)') && from !== '' && !reachable.has(from)) add(later, from, to);
    }
  }
}

/** Commits that a rebase melted into the one before them have no copy: only the order of the commits says where they are. */
function rebases(graph: CommitGraph, copies: Copies, later: Later): void {
  for (const log of graph.branchLogs) {
    for (const move of log.moves) {
      if (!/^(pull.*|rebase.*)\(?finish(ed)?\)?:/.test(move.action) || move.from === '') continue;
      if (!melts(graph.heads, move)) continue;
      const isAdded = new Set(chain(graph, move.to, (hash) => move.action.endsWith(hash)).map(({ hash }) => hash));
      const dropped = chain(graph, move.from, (hash) => graph.reachable.has(hash)).reverse();
      let image: string | undefined;
      /** Images by subject: a commit of `git commit --fixup` names its target so, and an autosquash moves it there. */
      const images = new Map<string, string>();
      for (const commit of dropped) {
        const same = copiesOf(commit, copies).filter(({ hash }) => isAdded.has(hash));
        const target = images.get(commit.subject.replace(/^((fixup|squash|amend)! )+/, ''));
        image = bestCopy(commit, same)?.hash ?? target ?? image;
        if (image === undefined) continue;
        images.set(commit.subject, image);
        add(later, commit.hash, image);
      }
    }
  }
}

/** Whether a rebase that ended with this move squashed commits. */
function melts(heads: readonly MoveLog[], finish: RefMove): boolean {
  for (const { moves } of heads) {
    const end = moves.findLastIndex(
      ({ to, at, action }) => to === finish.to && at === finish.at && /finish/.test(action),
    );
    for (let i = end - 1; i >= 0 && /rebase/.test(moves[i]!.action); i--) {
      if (/\((squash|fixup)\)/.test(moves[i]!.action)) return true;
      if (/\(start\)/.test(moves[i]!.action)) break;
    }
  }
  return false;
}

const LONGEST_CHAIN = 2_000;

/** A commit and its first parents, newest first, up to a commit at which the chain ends and which is not part of it. */
function chain({ commits }: CommitGraph, tip: string, isEnd: (hash: string) => boolean): GitCommit[] {
  const found: GitCommit[] = [];
  let commit = commits.get(tip);
  while (commit !== undefined && !isEnd(commit.hash) && found.length < LONGEST_CHAIN) {
    found.push(commit);
    commit = commits.get(commit.parents[0] ?? '');
  }
  return found;
}

function bestCopy(commit: GitCommit, copies: readonly GitCommit[]): GitCommit | undefined {
  return copies.find(({ subject }) => subject === commit.subject) ?? (copies.length === 1 ? copies[0] : undefined);
}

/** Commits that are no longer reachable, and cherry-picks, whose original is. */
async function rewrites(
  { commits, reachable, patches }: CommitGraph,
  copies: Copies,
  later: Later,
  slice: Slice,
): Promise<void> {
  const byPatch = new Map<string, string>();
  for (const [hash, patch] of patches) if (reachable.has(hash)) byPatch.set(patch, hash);
  let count = 0;
  for (const commit of commits.values()) {
    if (++count % 1000 === 0) await slice();
    if (reachable.has(commit.hash)) {
      if (copies.get(commit.authoredAt)!.length > 1) cherryPicks(commit, copiesOf(commit, copies), later);
      continue;
    }
    if (later.has(commit.hash)) continue;
    const same = copiesOf(commit, copies);
    const patch = patches.get(commit.hash);
    const copy = bestCopy(commit, same)?.hash ?? (patch === undefined ? undefined : byPatch.get(patch));
    if (copy !== undefined) add(later, commit.hash, copy);
  }
}

function cherryPicks(commit: GitCommit, same: readonly GitCommit[], later: Later): void {
  for (const each of same) {
    if (each.subject === commit.subject && each.committedAt > commit.committedAt) add(later, commit.hash, each.hash);
  }
}

/** Branches that were squashed into one commit, by a squash merge or by a reset. */
function squashes(graph: CommitGraph, later: Later): void {
  const { commits, reachable, patches } = graph;
  const byTree = new Map<string, GitCommit[]>();
  const byPatch = new Map<string, GitCommit>();
  const tips = openTips(graph);
  const trees = new Set(tips.map((tip) => commits.get(tip)?.tree));
  for (const hash of reachable) {
    const commit = commits.get(hash)!;
    if (commit.parents.length !== 1) continue;
    if (trees.has(commit.tree)) byTree.set(commit.tree, [...(byTree.get(commit.tree) ?? []), commit]);
    const patch = patches.get(hash);
    if (patch !== undefined) byPatch.set(patch, commit);
  }
  for (const hash of tips) {
    const tip = commits.get(hash)!;
    const [, patch] = patches.get(rangeKey(hash))?.split(' ') ?? [];
    const squashed =
      byTree.get(tip.tree)?.find((each) => isSquashOf(graph, each, tip)) ??
      (patch === undefined ? undefined : byPatch.get(patch));
    if (squashed === undefined || squashed.hash === hash) continue;
    const before = new Set(chain(graph, squashed.parents[0]!, () => false).map((each) => each.hash));
    const isEnd = (each: string): boolean => before.has(each) || graph.inDefault.has(each);
    for (const each of chain(graph, hash, isEnd)) add(later, each.hash, squashed.hash);
  }
}

/** The key under which the patch of a whole branch is kept, with its base: `<base> <patch id>`. */
export const rangeKey = (tip: string): string => `..${tip}`;

function isSquashOf(graph: CommitGraph, commit: GitCommit, tip: GitCommit): boolean {
  if (commit.hash === tip.hash || commit.committedAt < tip.committedAt || commit.parents[0] === tip.hash) return false;
  return !chain(graph, commit.hash, () => false).some(({ hash }) => hash === tip.hash);
}

/** Tips of branches, existing or dropped, that the default branch does not contain. */
export function openTips({ commits, reachable, inDefault, branches }: CommitGraph): string[] {
  const tips = new Set([...branches.values()].flat().filter((hash) => commits.has(hash) && !inDefault.has(hash)));
  const hasChild = new Set<string>();
  for (const { hash, parents } of commits.values()) {
    if (!reachable.has(hash)) for (const parent of parents) hasChild.add(parent);
  }
  for (const hash of commits.keys()) if (!reachable.has(hash) && !hasChild.has(hash)) tips.add(hash);
  return [...tips];
}
