import { slicer } from '../system/slices.ts';
import type { CommitGraph } from './graph.ts';
import type { GitCommit } from './history.ts';

/** The branch on which a commit was made, and the number of its pull request, as far as the history shows them. */
export interface CommitLabel {
  readonly branch: string | undefined;
  readonly pull: string | undefined;
}

export interface CommitLabels {
  readonly ofCommit: ReadonlyMap<string, CommitLabel>;
  /** Numbers of pull requests by the branch that was merged. */
  readonly pullOfBranch: ReadonlyMap<string, string>;
}

/**
 * Labels every reachable commit. The default branch is its chain of first parents; another parent of a merge leads to the branch
 * that the merge's message names; commits that are not merged yet belong to the branch that reaches them first.
 */
export async function commitLabels(graph: CommitGraph): Promise<CommitLabels> {
  const { commits, branches, defaultBranch, pulls } = graph;
  const ofCommit = new Map<string, CommitLabel>();
  const pullOfBranch = new Map<string, string>();
  const slice = slicer();
  const open: [hash: string, label: CommitLabel][] = [];
  const start = (tips: readonly string[], label: CommitLabel): void => {
    for (const hash of tips) open.push([hash, label]);
  };
  const walk = async (): Promise<void> => {
    // In order of arrival, so that the chain of first parents comes before the branches merged into it.
    for (const [tip, label] of open) {
      let commit = ofCommit.has(tip) ? undefined : commits.get(tip);
      while (commit !== undefined && !ofCommit.has(commit.hash)) {
        const merged = commit.parents.length > 1 ? mergedBranch(commit) : undefined;
        const pull = label.pull ?? merged?.pull ?? squashedPull(commit);
        ofCommit.set(commit.hash, pull === label.pull ? label : { branch: label.branch, pull });
        if (merged?.branch !== undefined && merged.pull !== undefined) pullOfBranch.set(merged.branch, merged.pull);
        for (const parent of commit.parents.slice(1)) open.push([parent, merged ?? label]);
        commit = commits.get(commit.parents[0] ?? '');
        if (ofCommit.size % 1000 === 0) await slice();
      }
    }
    open.length = 0;
  };
  if (defaultBranch !== undefined) {
    start(branches.get(defaultBranch) ?? [], { branch: defaultBranch, pull: undefined });
    await walk();
  }
  for (const [pull, hash] of pulls) {
    const branch = [...branches].find(([, tips]) => tips.includes(hash))?.[0];
    if (branch !== undefined) pullOfBranch.set(branch, pull);
    start([hash], { branch, pull });
    await walk();
  }
  for (const [branch, tips] of branches) {
    start(tips, { branch, pull: pullOfBranch.get(branch) });
    await walk();
  }
  return { ofCommit, pullOfBranch };
}

const MERGES: readonly RegExp[] = [
  /^Merge pull request #(?<pull>\d+) from [^/\s]+\/(?<branch>\S+)/,
  /^Merged in (?<branch>\S+) \(pull request #(?<pull>\d+)\)/,
  /^Merged PR (?<pull>\d+):/,
  /^Merge (?:remote-tracking )?branch '(?:origin\/)?(?<branch>[^']+)'/,
];

function mergedBranch({ subject }: GitCommit): CommitLabel | undefined {
  for (const pattern of MERGES) {
    const groups = pattern.exec(subject)?.groups;
    if (groups !== undefined) return { branch: groups['branch'], pull: groups['pull'] };
  }
  return undefined;
}

/** The number that GitHub appends to the subject of a squashed pull request. */
function squashedPull({ subject }: GitCommit): string | undefined {
  return subject.endsWith(')') ? /\(#(\d+)\)$/.exec(subject)?.[1] : undefined;
}
