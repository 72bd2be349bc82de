import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { slicer } from '../system/slices.ts';
import { writeFileAtomically } from '../system/atomicFile.ts';
import { stateFolder } from '../system/paths.ts';
import { textOfFile } from './clonePlace.ts';
import type { GitCommit, RefMove, Worktree } from './history.ts';
import type { LogFile, Logs } from './logs.ts';

/**
 * The file that keeps what was read from a repository, so that the next read asks git for new commits only. It can always be
 * rebuilt, apart from moves that git has expired. One line of JSON, then one line per commit, move and patch id.
 */

/** The settings of a clone that identify it and its user. */
export interface CloneConfig {
  readonly remote?: string | undefined;
  readonly worktree?: string | undefined;
  readonly email?: string | undefined;
}

export interface KnownHistory {
  readonly commonDir: string;
  readonly config: CloneConfig;
  /** The text of `.git/shallow`; empty if the clone is complete. */
  readonly shallow: string;
  readonly refs: ReadonlyMap<string, string>;
  /** Includes removed ones. */
  readonly worktrees: readonly Worktree[];
  readonly logs: Logs;
  readonly commits: Map<string, GitCommit>;
  readonly patches: Map<string, string>;
}

/** Increases when the format changes. Files of other versions are ignored and replaced. */
const VERSION = 1;
const FIELD = '\0';

/** The first line: it identifies the repository, and is short. */
export interface HistoryHead {
  version: number;
  commonDir: string;
  config: CloneConfig;
  worktrees: readonly Worktree[];
}

/** The second line. */
interface HistoryState {
  shallow: string;
  refs: [string, string][];
  files: [string, LogFile][];
}

export const historyFolder = (): string => join(stateFolder(), 'git');

export function historyPath(commonDir: string, folder: string): string {
  return join(folder, `${createHash('sha256').update(commonDir).digest('hex').slice(0, 24)}.history`);
}

export async function saveHistory(known: KnownHistory, folder: string): Promise<void> {
  const { commonDir, config, shallow, refs, worktrees, logs, commits, patches } = known;
  const head: HistoryHead = { version: VERSION, commonDir, config, worktrees };
  const state: HistoryState = { shallow, refs: [...refs], files: [...logs.files] };
  const slice = slicer();
  const lines: string[] = [JSON.stringify(head), JSON.stringify(state)];
  for (const commit of commits.values()) {
    lines.push(commitLine(commit));
    if (lines.length % 1000 === 0) await slice();
  }
  for (const [log, moves] of logs.moves) {
    lines.push(`l${log}`);
    for (const { from, to, at, email, action } of moves) lines.push(['m', from, to, at, email, action].join(FIELD));
    await slice();
  }
  for (const [hash, patch] of patches) lines.push(['p', hash, patch].join(FIELD));
  // The last line shows that the file is complete.
  lines.push('end');
  await writeFileAtomically(historyPath(commonDir, folder), lines.join('\n'), { mode: 0o600, durable: false });
}

const MAX_HEAD = 1 << 20;

/** The repositories that have been read on this machine. */
export async function knownHistories(folder: string): Promise<HistoryHead[]> {
  const names = await readdir(folder).catch(() => []);
  const heads: HistoryHead[] = [];
  for (const name of names) {
    if (!name.endsWith('.history')) continue;
    const file = await open(join(folder, name)).catch(() => undefined);
    try {
      const line = await file?.read(Buffer.alloc(MAX_HEAD), 0, MAX_HEAD, 0);
      const text = line?.buffer.toString('utf8', 0, line.bytesRead) ?? '';
      const head = headOf(text.slice(0, text.indexOf('\n')));
      if (head !== undefined) heads.push(head);
    } finally {
      await file?.close();
    }
  }
  return heads;
}

/** undefined if there is no usable file. */
export async function loadHistory(commonDir: string, folder: string): Promise<KnownHistory | undefined> {
  const text = await textOfFile(historyPath(commonDir, folder));
  if (text?.endsWith('\nend') !== true) return undefined;
  const slice = slicer();
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  const head = headOf(text.slice(0, first));
  if (head?.commonDir !== commonDir) return undefined;
  const { shallow, refs, files } = JSON.parse(text.slice(first + 1, second)) as HistoryState;
  const commits = new Map<string, GitCommit>();
  const patches = new Map<string, string>();
  const moves = new Map<string, RefMove[]>();
  let log: RefMove[] = [];
  let count = 0;
  for (let start = second + 1; start < text.length; count++) {
    let end = text.indexOf('\n', start);
    if (end === -1) end = text.length;
    const kind = text[start];
    const line = text.slice(start + 1, end);
    start = end + 1;
    if (count % 1000 === 999) await slice();
    if (kind === 'c') {
      const commit = commitOf(line);
      if (commit !== undefined) commits.set(commit.hash, commit);
    } else if (kind === 'l') moves.set(line, (log = []));
    else if (kind === 'm') log.push(moveOf(line));
    else if (kind === 'p') patches.set(line.split(FIELD)[1] ?? '', line.split(FIELD)[2] ?? '');
  }
  const logs = { files: new Map(files), moves };
  return { ...head, shallow, refs: new Map(refs), logs, commits, patches };
}

/** The fields of a commit in git's format language; {@link commitOf} parses a line of it. */
export const COMMIT_FORMAT = '%H%x00%P%x00%T%x00%at%x00%ct%x00%an%x00%ae%x00%s';

export function commitOf(line: string): GitCommit | undefined {
  const [hash, parents, tree, authored, committed, author, email, subject, ...more] = line.split(FIELD);
  if (hash === undefined || tree === undefined || email === undefined) return undefined;
  return {
    hash,
    parents: parentsOf(parents),
    tree,
    authoredAt: Number(authored) * 1000,
    committedAt: Number(committed) * 1000,
    author: author ?? '',
    email,
    subject: more.length === 0 ? (subject ?? '') : [subject, ...more].join(' '),
  };
}

/** Most commits have one parent. */
function parentsOf(text = ''): readonly string[] {
  if (text === '') return [];
  return text.includes(' ') ? text.split(' ') : [text];
}

function commitLine({ hash, parents, tree, authoredAt, committedAt, author, email, subject }: GitCommit): string {
  const seconds = [authoredAt / 1000, committedAt / 1000];
  return `c${[hash, parents.join(' '), tree, ...seconds, author, email, subject].join(FIELD)}`;
}

function moveOf(line: string): RefMove {
  const [, from = '', to = '', at, email = '', ...action] = line.split(FIELD);
  return { from, to, at: Number(at), email, action: action.join(' ') };
}

function headOf(line: string): HistoryHead | undefined {
  try {
    const head = JSON.parse(line) as HistoryHead;
    return head.version === VERSION ? head : undefined;
  } catch {
    return undefined;
  }
}
