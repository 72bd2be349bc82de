import { spawn } from 'node:child_process';
import { nextTurn } from '../system/turns.ts';
import type { CommitGraph } from './graph.ts';
import type { GitCommit } from './history.ts';
import { openTips, rangeKey, type Lineage } from './lineage.ts';
import { gitEnvironment, runGit, type GitOptions } from './run.ts';

/**
 * Computes patch ids where nothing else shows what became of a commit: it is no longer reachable, and no commit has its author
 * and time; or its branch may have been squashed. Bounded, because git has to compute each of these differences.
 */

const MOST_COMMITS = 200;
const MOST_TARGETS = 500;
const MOST_TIPS = 20;
const TIMEOUT_MS = 20_000;
const DIFF = ['--no-ext-diff', '--no-textconv', '--submodule=short', '--full-index', '-p'];

/** Returns patch ids that the graph does not have yet, in the form of `CloneHistory.patches`. Never rejects. */
export async function missingPatches(
  folder: string,
  graph: CommitGraph,
  lineage: Lineage,
  options: GitOptions = {},
): Promise<Map<string, string>> {
  const lost = newest(
    [...graph.commits.values()].filter(
      ({ hash, parents }) => parents.length === 1 && !graph.reachable.has(lineage.current(hash)),
    ),
    MOST_COMMITS,
  );
  const tips = newest(
    openTips(graph)
      .filter((hash) => !graph.inDefault.has(lineage.current(hash)) && lineage.forms(hash).size === 1)
      .map((hash) => graph.commits.get(hash)!),
    MOST_TIPS,
  );
  await nextTurn();
  const found = new Map<string, string>();
  const isNew = ({ hash }: GitCommit): boolean => !graph.patches.has(hash);
  const newTips = tips.filter(({ hash }) => !graph.patches.has(rangeKey(hash)));
  if (lost.length === 0 && tips.length === 0) return found;
  const oldest = [...lost, ...tips].reduce((least, { authoredAt }) => Math.min(least, authoredAt), Infinity);
  const targets = newest(
    [...graph.reachable]
      .map((hash) => graph.commits.get(hash)!)
      .filter(({ parents, committedAt }) => parents.length === 1 && committedAt >= oldest),
    MOST_TARGETS,
  );
  const wanted = [...lost, ...targets].filter(isNew).map(({ hash }) => hash);
  try {
    for (const [hash, patch] of await patchIds(folder, ['diff-tree', '--stdin', ...DIFF], wanted, options)) {
      found.set(hash, patch);
    }
    // A commit without a patch, such as an empty one, must not be asked for again.
    for (const hash of wanted) if (!found.has(hash)) found.set(hash, `none ${hash}`);
    for (const { hash } of newTips) found.set(rangeKey(hash), await rangePatch(folder, graph, hash, options));
  } catch {
    // Attribution works without them.
  }
  return found;
}

async function rangePatch(folder: string, graph: CommitGraph, tip: string, options: GitOptions): Promise<string> {
  const [main] = graph.branches.get(graph.defaultBranch ?? '') ?? [];
  if (main === undefined) return 'none';
  const base = await runGit(folder, ['merge-base', main, tip], options).then(
    (text) => text.trim(),
    () => '',
  );
  if (base === '') return 'none';
  const [first] = await patchIds(folder, ['diff', ...DIFF, base, tip], [], options);
  return first === undefined ? 'none' : `${base} ${first[1]}`;
}

function newest(commits: GitCommit[], count: number): GitCommit[] {
  return commits.sort((a, b) => b.committedAt - a.committedAt).slice(0, count);
}

/** Pipes the differences that a command prints into `git patch-id`. Returns pairs of a commit and its patch id. */
function patchIds(
  folder: string,
  command: readonly string[],
  hashes: readonly string[],
  { git = 'git' }: GitOptions,
): Promise<[string, string][]> {
  if (command[0] === 'diff-tree' && hashes.length === 0) return Promise.resolve([]);
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env: gitEnvironment(process.env), windowsHide: true, timeout: TIMEOUT_MS };
    const flags = ['--no-pager', '-c', 'core.fsmonitor=false', '-c', 'color.ui=false'];
    const differences = spawn(git, [...flags, ...command], { ...options, stdio: ['pipe', 'pipe', 'ignore'] });
    const ids = spawn(git, ['patch-id', '--stable'], { ...options, stdio: ['pipe', 'pipe', 'ignore'] });
    differences.on('error', reject);
    ids.on('error', reject);
    differences.stdin.on('error', () => undefined).end(hashes.map((hash) => `${hash}\n`).join(''));
    differences.stdout.on('error', () => undefined).pipe(ids.stdin.on('error', () => undefined));
    let text = '';
    ids.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    ids.on('close', () => {
      const lines = text.split('\n').filter((line) => line !== '');
      resolve(lines.map((line) => line.split(' ').reverse() as [string, string]));
    });
  });
}
