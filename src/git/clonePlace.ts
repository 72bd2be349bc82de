import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HEADS, type Worktree } from './history.ts';
import { runGit, type GitOptions } from './run.ts';

/** The folders of a clone. */
export interface ClonePlace {
  /** The real path of the folder shared by all worktrees. */
  readonly commonDir: string;
  /** The log of the worktree that was asked about: `HEAD` for the main one. */
  readonly log: string;
  /** The top folder of that worktree; undefined in a bare repository. */
  readonly top: string | undefined;
  readonly isBare: boolean;
}

/** @throws {GitError} when the folder is not in a repository, or git refuses to read it. */
export async function clonePlace(folder: string, options: GitOptions = {}): Promise<ClonePlace> {
  const asked = ['rev-parse', '--is-bare-repository', '--absolute-git-dir', '--git-common-dir'];
  // Only a worktree has a top folder: git fails for it in a bare repository and in the folder `.git`.
  const answer = await runGit(folder, [...asked, '--show-toplevel'], options).catch(() =>
    runGit(folder, asked, options),
  );
  const [isBare, gitDir = '', common = '', top = ''] = answer.split('\n').map((line) => line.replace(/\r$/, ''));
  const commonDir = await realpath(resolve(folder, common));
  const isMain = (await realpath(gitDir)) === commonDir;
  return {
    commonDir,
    log: isMain ? 'HEAD' : `worktrees/${basename(gitDir)}/HEAD`,
    top: top === '' ? undefined : top,
    isBare: isBare === 'true',
  };
}

/**
 * Lists the main worktree and the linked ones from git's files.
 * @param coreWorktree the setting `core.worktree`, which submodules have.
 */
export async function readWorktrees(
  { commonDir, log, top, isBare }: ClonePlace,
  coreWorktree: string | undefined,
): Promise<Worktree[]> {
  const linked = await readdir(join(commonDir, 'worktrees')).catch(() => []);
  const worktrees: Worktree[] = [];
  if (!isBare || linked.length === 0) {
    const usual = isBare
      ? commonDir
      : coreWorktree === undefined
        ? dirname(commonDir)
        : resolve(commonDir, coreWorktree);
    const path = log === 'HEAD' && top !== undefined ? top : usual;
    worktrees.push({ log: 'HEAD', path, branch: await branchIn(join(commonDir, 'HEAD')), isRemoved: false });
  }
  for (const id of linked) {
    const folder = join(commonDir, 'worktrees', id);
    const link = (await textOfFile(join(folder, 'gitdir')))?.trim();
    if (link === undefined || link === '') continue;
    const path = dirname(resolve(folder, link));
    const isRemoved = !(await isThere(path));
    worktrees.push({ log: `worktrees/${id}/HEAD`, path, branch: await branchIn(join(folder, 'HEAD')), isRemoved });
  }
  return worktrees;
}

async function branchIn(head: string): Promise<string | undefined> {
  const [, name] = /^ref: (\S.*?)\s*$/.exec((await textOfFile(head)) ?? '') ?? [];
  return name?.startsWith(HEADS) === true ? name.slice(HEADS.length) : undefined;
}

/** The content of a text file; undefined if it cannot be read. */
export async function textOfFile(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
