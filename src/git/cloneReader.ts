import { join } from 'node:path';
import { slicer } from '../system/slices.ts';
import { clonePlace, readWorktrees, textOfFile, type ClonePlace } from './clonePlace.ts';
import { HEADS, type CloneHistory, type GitCommit, type Worktree } from './history.ts';
import { COMMIT_FORMAT, commitOf, historyFolder, loadHistory, saveHistory } from './historyFile.ts';
import type { CloneConfig, KnownHistory } from './historyFile.ts';
import { NO_LOGS, readLogs } from './logs.ts';
import { remoteName } from '../system/remoteName.ts';
import { GitError, runGit, streamGit, type GitOptions } from './run.ts';

export interface CloneOptions extends GitOptions {
  /** The folder of the files that keep what was read. Default: `git` in the user's state folder. */
  keptIn?: string | undefined;
}

/**
 * Reads the history of the clone that contains a folder. The first read asks git for all commits, or loads them from the last
 * process's file; later reads ask for new commits only.
 */
export class CloneReader {
  readonly folder: string;
  readonly #options: CloneOptions;
  readonly #keptIn: string;
  #place: ClonePlace | undefined;
  #known: KnownHistory | undefined;
  #history: CloneHistory | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(folder: string, options: CloneOptions = {}) {
    this.folder = folder;
    this.#options = options;
    this.#keptIn = options.keptIn ?? historyFolder();
  }

  /** The folders of the clone. @throws {GitError} */
  async place(): Promise<ClonePlace> {
    return (this.#place ??= await clonePlace(this.folder, this.#options));
  }

  /**
   * Returns the same object as last time if nothing has changed.
   * @throws {GitError} when the folder is not in a repository, or git refuses to read it.
   */
  async read(): Promise<CloneHistory> {
    const place = await this.place();
    const before = (this.#known ??= await loadHistory(place.commonDir, this.#keptIn));
    const [refs, configText, logs, shallow] = await Promise.all([
      this.#refs(),
      this.#configText(),
      readLogs(place.commonDir, before?.logs ?? NO_LOGS),
      textOfFile(join(place.commonDir, 'shallow')),
    ]);
    const config = configOf(configText);
    const worktrees = withRemoved(await readWorktrees(place, config.worktree), before?.worktrees ?? []);
    const isSame =
      before !== undefined && logs === before.logs && (shallow ?? '') === before.shallow && sameRefs(refs, before.refs);
    const isSamePlaces =
      isSame && JSON.stringify([worktrees, config]) === JSON.stringify([before.worktrees, before.config]);
    if (isSamePlaces && this.#history !== undefined) return this.#history;
    // Commits behind the edge of a shallow clone may have arrived, which are not new at its tips.
    const isUsable = before !== undefined && (shallow ?? '') === before.shallow;
    const commits = isUsable ? before.commits : new Map<string, GitCommit>();
    if (!isSame) await this.#readCommits(commits);
    const patches = isUsable ? before.patches : new Map<string, string>();
    const { commonDir } = place;
    const known = { commonDir, config, shallow: shallow ?? '', refs, worktrees, logs, commits, patches };
    this.#known = known;
    this.#history = historyOf(known);
    if (!isSamePlaces) this.#save(known);
    return this.#history;
  }

  /** Keeps patch ids that were computed for the history last read. */
  keepPatches(patches: ReadonlyMap<string, string>): void {
    if (this.#known === undefined || patches.size === 0) return;
    this.#known = { ...this.#known, patches: new Map([...this.#known.patches, ...patches]) };
    this.#save(this.#known);
  }

  /** Resolves when everything that was read is in the file. */
  async settle(): Promise<void> {
    await this.#saving;
  }

  /** Nothing waits for the file. A state folder that cannot be written costs time at the next read, not the answer. */
  #save(known: KnownHistory): void {
    this.#saving = this.#saving.then(() => {
      // Only the latest state has to be written.
      return known === this.#known ? saveHistory(known, this.#keptIn).catch(() => undefined) : undefined;
    });
  }

  async #refs(): Promise<Map<string, string>> {
    const format = '%(refname)%00%(objectname)%00%(*objectname)%00%(symref)';
    const patterns = ['refs/heads', 'refs/remotes', 'refs/tags', 'refs/pull', 'refs/merge-requests'];
    const text = await runGit(this.folder, ['for-each-ref', `--format=${format}`, ...patterns], this.#options);
    const refs = new Map<string, string>();
    for (const line of text.split('\n')) {
      const [name, hash, peeled, symref] = line.split('\0');
      if (name === undefined || hash === undefined) continue;
      if (symref !== undefined && symref !== '') refs.set(name, `ref: ${symref}`);
      else refs.set(name, peeled === undefined || peeled === '' ? hash : peeled);
    }
    return refs;
  }

  async #configText(): Promise<string> {
    const pattern = String.raw`^(remote\..*\.url|user\.email|core\.worktree)$`;
    // git exits with 1 when nothing matches.
    return runGit(this.folder, ['config', '-z', '--get-regexp', pattern], this.#options).catch(() => '');
  }

  async #readCommits(commits: Map<string, GitCommit>): Promise<void> {
    const isParent = new Set<string>();
    const slice = slicer();
    for (const { parents } of commits.values()) {
      for (const parent of parents) isParent.add(parent);
    }
    const tips = [...commits.keys()].filter((hash) => !isParent.has(hash));
    await slice();
    let rest = '';
    await streamGit(this.folder, logArguments(), {
      ...this.#options,
      input: tips.map((hash) => `^${hash}\n`).join(''),
      onText: (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const commit = commitOf(line);
          if (commit !== undefined) commits.set(commit.hash, commit);
        }
      },
    }).catch((error: unknown) => {
      // A repository without any commit has no revision to start from.
      if (!(error instanceof GitError && error.problem === 'no-commit' && commits.size === 0)) throw error;
    });
  }
}

/** The stash and notes are commits, too, but no work of a branch. */
function logArguments(): string[] {
  return [
    'log',
    '--no-color',
    '--no-show-signature',
    '--no-mailmap',
    `--format=${COMMIT_FORMAT}`,
    '--exclude=refs/stash',
    '--exclude=refs/notes/*',
    '--ignore-missing',
    '--all',
    '--reflog',
    '--stdin',
  ];
}

function configOf(text: string): CloneConfig {
  const config: { -readonly [Name in keyof CloneConfig]: CloneConfig[Name] } = {};
  let origin: string | undefined;
  for (const entry of text.split('\0')) {
    const end = entry.indexOf('\n');
    const [name, value] = [entry.slice(0, end), entry.slice(end + 1)];
    if (name === 'user.email') config.email = value;
    else if (name === 'core.worktree') config.worktree = value;
    else if (name === 'remote.origin.url') origin ??= remoteName(value);
    else if (name.startsWith('remote.')) config.remote ??= remoteName(value);
  }
  // Without undefined members, as JSON gives them back.
  return JSON.parse(JSON.stringify({ ...config, remote: origin ?? config.remote })) as CloneConfig;
}

export function historyOf(known: KnownHistory): CloneHistory {
  const {
    commonDir,
    config: { remote, email },
    shallow,
    refs,
    worktrees,
    logs,
    commits,
    patches,
  } = known;
  const emails = new Set(email === undefined ? [] : [email]);
  for (const moves of logs.moves.values()) for (const move of moves) emails.add(move.email);
  const resolved = new Map(
    [...refs].flatMap(([name, hash]) => (hash.startsWith('ref: ') ? [] : [[name, hash] as const])),
  );
  return {
    commonDir,
    remote,
    defaultBranch: defaultBranch(refs, worktrees),
    isShallow: shallow !== '',
    commits,
    refs: resolved,
    worktrees,
    logs: logs.moves,
    ownEmails: emails,
    patches,
  };
}

function defaultBranch(refs: ReadonlyMap<string, string>, worktrees: readonly Worktree[]): string | undefined {
  const head = refs.get('refs/remotes/origin/HEAD');
  const prefix = 'ref: refs/remotes/origin/';
  if (head?.startsWith(prefix) === true) return head.slice(prefix.length);
  const usual = ['main', 'master', 'trunk', 'develop'];
  const isThere = (name: string): boolean => refs.has(HEADS + name) || refs.has(`refs/remotes/origin/${name}`);
  return usual.find(isThere) ?? worktrees[0]?.branch;
}

/** The worktrees of now, and those that were seen before and no longer exist. */
function withRemoved(now: readonly Worktree[], before: readonly Worktree[]): Worktree[] {
  const paths = new Set(now.map(({ path, log }) => `${log}\n${path}`));
  const removed = before.filter(({ path, log }) => !paths.has(`${log}\n${path}`));
  return [...now, ...removed.map((each) => ({ ...each, branch: undefined, isRemoved: true }))];
}

function sameRefs(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, hash] of a) if (b.get(name) !== hash) return false;
  return true;
}
