import type { CommitGraph } from './graph.ts';
import { GitError, runGit, type GitOptions } from './run.ts';

/** The commits of a receipt. */
export interface CommitRange {
  /** As given, or `main..HEAD` for a pull request. */
  readonly name: string;
  /** Full hashes, newest first. */
  readonly commits: readonly string[];
}

/** Variables in which CI services name the branch into which a pull request goes. */
const TARGETS = ['GITHUB_BASE_REF', 'CI_MERGE_REQUEST_TARGET_BRANCH_NAME', 'BITBUCKET_PR_DESTINATION_BRANCH'];

/**
 * Resolves a range as git writes it: `main..HEAD`, `v1.2...v1.3`, or a single commit.
 * @throws {GitError} with the problem `no-commit` when it names none.
 */
export async function resolveRange(folder: string, range: string, options: GitOptions = {}): Promise<CommitRange> {
  const isRange = range.includes('..');
  if (range.startsWith('-') || /[\0\s]/.test(range)) {
    throw new GitError('no-commit', `${JSON.stringify(range)} is not a range of commits.`);
  }
  const one = isRange ? [] : ['--no-walk'];
  const text = await runGit(folder, ['rev-list', ...one, '--end-of-options', range, '--'], options).catch(
    (error: unknown) => {
      // git's own message names neither the cause nor a remedy: "fatal: bad revision".
      if (!(error instanceof GitError) || error.problem !== 'no-commit') throw error;
      throw new GitError(
        'no-commit',
        `There are no commits ${range} in ${folder}. Check the names, or fetch them first.`,
      );
    },
  );
  return { name: range, commits: text.split('\n').filter((hash) => hash !== '') };
}

/**
 * The commits of the current branch that its target lacks. The target is named by the CI service, or it is the default branch; on
 * the default branch itself the range is the last commit.
 */
export async function pullRange(
  folder: string,
  { defaultBranch }: CommitGraph,
  { env = {}, ...options }: GitOptions & { env?: NodeJS.ProcessEnv | undefined } = {},
): Promise<CommitRange> {
  const named = TARGETS.map((name) => env[name]).find((name) => name !== undefined && name !== '');
  const target = named ?? defaultBranch;
  if (target === undefined) return resolveRange(folder, 'HEAD', options);
  const base = await firstExisting(folder, [`origin/${target}`, target], options);
  if (base === undefined) {
    if (!(await firstExisting(folder, ['HEAD'], options))) throw new GitError('no-commit', 'There is no commit yet.');
    throw new GitError('no-commit', `The branch ${target} is not in this clone. Fetch it: git fetch origin ${target}`);
  }
  const range = await resolveRange(folder, `${base}..HEAD`, options);
  return range.commits.length > 0 || named !== undefined ? range : resolveRange(folder, 'HEAD', options);
}

async function firstExisting(
  folder: string,
  names: readonly string[],
  options: GitOptions,
): Promise<string | undefined> {
  for (const name of names) {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
    if (await runGit(folder, args, options).catch(() => undefined)) return name;
  }
  return undefined;
}
