import { spawn } from 'node:child_process';
import { errno } from '../system/errno.ts';

/**
 * Runs git so that it only reads. It takes no optional locks, starts no program that the repository's configuration names (file
 * system monitor, pager, external diff, signature check), asks no question and fetches nothing. Still, callers must not run it in a
 * folder that the user does not trust.
 */

export type GitProblem = 'no-git' | 'no-repository' | 'unsafe' | 'no-commit' | 'timeout' | 'failed';

/** Git could not answer. The message gives the reason and a remedy. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly problem: GitProblem;
  constructor(problem: GitProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

export interface GitOptions {
  /** The program. Default: `git` on the path. */
  git?: string | undefined;
  /** Text for git's standard input. */
  input?: string | undefined;
  /** Default: a minute. */
  timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 60_000;
const MAX_ERROR = 4_000;
const FLAGS = ['--no-pager', '-c', 'core.fsmonitor=false', '-c', 'log.showSignature=false'];
/** Variables that redirect git to another repository or run a program; those that name the user's configuration are kept. */
const KEPT = /^GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|EXEC_PATH|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM)$/;

/**
 * Returns the output of a git command in a folder.
 * @throws {GitError}
 */
export async function runGit(folder: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const parts: string[] = [];
  await streamGit(folder, args, { ...options, onText: (text) => void parts.push(text) });
  return parts.join('');
}

/** Passes the output on in parts. A part may end within a line. */
export function streamGit(
  folder: string,
  args: readonly string[],
  { git = 'git', input = '', timeoutMs = TIMEOUT_MS, onText }: GitOptions & { onText: (text: string) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(git, [...FLAGS, ...args], {
      cwd: folder,
      env: gitEnvironment(process.env),
      windowsHide: true,
      stdio: 'pipe',
    });
    let message = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', onText);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (message.length < MAX_ERROR) message += text;
    });
    // git may end before it has read everything.
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(notStarted(error, git, folder));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else if (isLate) reject(new GitError('timeout', `git did not answer within ${timeoutMs / 1000} s in ${folder}.`));
      else reject(failure(message, folder));
    });
  });
}

export function gitEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name)));
  return {
    ...kept,
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    // Messages are matched in English.
    LC_ALL: 'C',
  };
}

function notStarted(error: Error, git: string, folder: string): GitError {
  const code = errno(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return new GitError('failed', `git cannot be run: ${error.message}.`);
  // Node reports the same error for a missing working folder.
  return new GitError(
    'no-git',
    `git cannot be run: ${git} or ${folder} does not exist. Install git, or check the folder.`,
  );
}

function failure(message: string, folder: string): GitError {
  const text = message.trim();
  if (/dubious ownership|unsafe repository/i.test(text)) {
    const remedy = `git config --global --add safe.directory ${JSON.stringify(folder)}`;
    return new GitError(
      'unsafe',
      `git does not read ${folder}, because another user owns it. If you trust it: ${remedy}`,
    );
  }
  if (/not a git repository/i.test(text)) {
    return new GitError('no-repository', `${folder} is not in a git repository.`);
  }
  if (/unknown revision|bad revision|ambiguous argument|Invalid revision range|bad object/i.test(text)) {
    return new GitError('no-commit', text.split('\n', 1)[0] ?? text);
  }
  return new GitError('failed', `git failed in ${folder}: ${text.split('\n', 1)[0] || 'no message'}`);
}
