import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UsageTable } from '../../../src/columns/table.ts';
import { attributeUsage, type GitAnswers } from '../../../src/git/gitGroups.ts';
import { GitRepositories } from '../../../src/git/repositories.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';

const START = Date.UTC(2026, 9, 1, 8);
const MINUTE = 60_000;

/** The group to which a usage really belongs: the subject of a commit as it is now, or the rest: `open` or `none`. */
export type Truth = string;

interface Used {
  record: UsageRecord;
  truth: Truth;
}

/** Variables of the developer's own git must not reach the repositories of a test. */
export function quietGit(home: string): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  return { ...env, HOME: home, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: path.join(home, 'gitconfig') };
}

/** A simulated developer with agents: repositories made by real git with a clock of the test, and the usage of each moment. */
export class World {
  readonly folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'llm-spend-git-')));
  readonly used: Used[] = [];
  now = START;
  /** Who commits. */
  email = 'me@example.com';
  #count = 0;

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  wait(minutes: number): void {
    this.now += minutes * MINUTE;
  }

  git(where: string, ...args: string[]): string {
    const date = `${Math.floor(this.now / 1000)} +0000`;
    const identity = { NAME: this.email.split('@')[0]!, EMAIL: this.email, DATE: date };
    const env = Object.fromEntries(
      Object.entries(identity).flatMap(([key, value]) => [
        [`GIT_AUTHOR_${key}`, value],
        [`GIT_COMMITTER_${key}`, value],
      ]),
    );
    return execFileSync('git', ['-c', 'advice.detachedHead=false', '-c', 'protocol.file.allow=always', ...args], {
      cwd: this.path(where),
      env: { ...quietGit(this.folder), ...env, GIT_EDITOR: 'true' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  init(where: string, ...args: string[]): void {
    mkdirSync(this.path(where), { recursive: true });
    this.git(where, 'init', '-q', '-b', 'main', ...args);
    const file = this.path(where, args.includes('--bare') ? 'config' : '.git/config');
    appendFileSync(file, '[user]\n\temail = me@example.com\n\tname = me\n');
  }

  change(where: string, file = 'work.txt', line = `${this.#count++}\n`): void {
    appendFileSync(this.path(where, file), line);
  }

  /** Changes a file and commits it with this subject. */
  commit(where: string, subject: string, file = `${subject.replaceAll(/\W/g, '')}.txt`): void {
    this.change(where, file);
    this.git(where, 'add', '-A');
    this.git(where, 'commit', '-q', '-m', subject);
    this.wait(1);
  }

  head(where: string): string {
    return this.git(where, 'rev-parse', 'HEAD').trim();
  }

  /** A usage now, in the folder of a worktree, for work that ends up as `truth`. */
  use(where: string, truth: Truth, more: Partial<UsageRecord> = {}): void {
    const id = `u${this.used.length}`;
    const branch = 'branch' in more ? more.branch : this.#branch(where);
    const record = {
      usage_id: id,
      provider: 'anthropic',
      model: this.used.length % 3 === 0 ? 'claude-opus-5' : 'claude-haiku-5',
      operation: 'agent',
      input_tokens: 1000,
      output_tokens: 100,
      total_tokens: 1100,
      cost_usd: (this.used.length * 7919 + 12_345) / 1e9,
      cost_known: this.used.length % 11 !== 5,
      billing_mode: 'known',
      project: path.basename(where),
      session_id: `session ${where}`,
      folder: this.path(where),
      ...more,
      branch,
      timestamp: new Date(this.now).toISOString(),
    } as UsageRecord;
    this.used.push({ record, truth });
    this.wait(2);
  }

  /** As Claude Code records it. Read from the file, because asking git is most of the time of these tests. */
  #branch(where: string): string {
    const place = this.path(where, '.git');
    // A worktree or a submodule has a file with the place of its folder.
    const folder = statSync(place).isFile()
      ? path.resolve(this.path(where), readFileSync(place, 'utf8').replace('gitdir: ', '').trim())
      : place;
    const head = readFileSync(path.join(folder, 'HEAD'), 'utf8').trim();
    return head.startsWith('ref: refs/heads/') ? head.slice('ref: refs/heads/'.length) : 'HEAD';
  }

  /** @param change of each record. */
  answers(change: (record: UsageRecord, i: number) => UsageRecord = (record) => record): GitAnswers {
    const table = new UsageTable();
    const ledger = table.addLedger('costs');
    for (const [i, { record }] of this.used.entries()) table.add(ledger, change(record, i), i);
    return {
      aggregate: async (query) => table.aggregate(query),
      page: async (query) => {
        const { total, rows } = table.select(query);
        return { total, rows: rows.map(({ locator }) => ({ ledger: 'costs', record: this.used[locator]!.record })) };
      },
    };
  }

  /** Reads the repositories as the command would, and compares each usage with the truth. */
  async result(...folders: string[]): Promise<Result> {
    const repositories = new GitRepositories({ keptIn: this.path('kept') });
    const { repositories: read, problems } = await repositories.read(folders.map((each) => this.path(each)));
    await repositories.settle();
    const query = { filter: {}, groupBy: ['operation' as const], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
    // The operation is the number of the usage, so that each is a group.
    const used = this.used;
    const answers = this.answers((record, i) => ({ ...record, operation: String(i) }));
    const groups = await attributeUsage(answers, read, query, this.now);
    const wrong: string[] = [];
    for (const { attributed, group } of groups) {
      const { truth } = used[Number(group.key[0])]!;
      const hash = attributed.kind === 'commit' ? attributed.hash : undefined;
      const repository = attributed.kind === 'commit' ? attributed.repository : undefined;
      const current = hash === undefined ? undefined : (repository?.lineage.current(hash) ?? hash);
      const found =
        current === undefined ? attributed.kind : (repository?.graph.commits.get(current)?.subject ?? current);
      if (found !== truth) wrong.push(`${group.key[0]}: ${found} instead of ${truth}`);
    }
    return { wrong, count: used.length, problems: problems.map(({ problem }) => problem), repositories };
  }
}

export interface Result {
  wrong: string[];
  count: number;
  problems: string[];
  repositories: GitRepositories;
}
