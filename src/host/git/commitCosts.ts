import { watch, type FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { CONTEXT_KEYS } from '../../contributions.ts';
import type * as git from '../../git/index.ts';
import { Coalescer } from '../../system/coalescer.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { gitExtension, type GitExtensionApi } from './gitExtension.ts';

type GitCode = typeof git;

/** The costs of the branch of one repository of the window. */
export interface ShownBranch {
  /** The top folder of the worktree. */
  readonly top: string;
  readonly costs: git.BranchCosts;
}

/** A commit is a burst of changes to git's files. */
const TIMING = { quietMs: 100, maxWaitMs: 500, intervalMs: 300 };
/** Finds changes that the system's watchers missed. A check of an unchanged repository takes some ms. */
const POLL_MS = 5_000;

/**
 * Reads the repositories of the window and keeps their costs up to date while a view shows them, following commits made in
 * terminals too. In a workspace that is not trusted, git is never started.
 */
export class CommitCosts implements vscode.Disposable {
  readonly #service: LedgerService;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #refresher: Coalescer;
  readonly #subscriptions: vscode.Disposable[];
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #watchedByGit = new WeakSet<object>();
  #code: GitCode | undefined;
  #repositories: git.GitRepositories | undefined;
  #api: GitExtensionApi | undefined;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;
  #branches: readonly ShownBranch[] = [];
  #problem: string | undefined;

  /** Fires after the costs have changed. */
  readonly onDidChange = this.#changed.event;

  constructor(service: LedgerService, log: vscode.LogOutputChannel) {
    this.#service = service;
    this.#log = log;
    this.#refresher = new Coalescer(() => this.#read(), {
      timing: TIMING,
      onError: (error) => log.error(error instanceof Error ? error : String(error)),
    });
    const refresh = (): void => this.refresh();
    this.#subscriptions = [
      this.#changed,
      this.#refresher,
      service.onDidChange(refresh),
      vscode.workspace.onDidGrantWorkspaceTrust(refresh),
      vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    ];
  }

  get branches(): readonly ShownBranch[] {
    return this.#branches;
  }

  /** Why a folder of the window shows nothing. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Keeps the costs up to date until the result is disposed of. */
  use(): vscode.Disposable {
    this.#users++;
    this.refresh();
    this.#timer ??= setInterval(() => this.refresh(), POLL_MS);
    return new vscode.Disposable(() => {
      if (--this.#users === 0) this.#rest();
    });
  }

  refresh(): void {
    if (this.#users > 0) this.#refresher.request();
  }

  /** The costs as they are now, also while no view shows them. */
  async now(): Promise<readonly ShownBranch[]> {
    await this.#refresher.now();
    return this.#branches;
  }

  /** The receipt of one commit, or of what the branch adds to its target, as Markdown. */
  async receipt(top: string, hash: string | undefined): Promise<string | undefined> {
    const { code, repositories } = await this.#loaded();
    const read = await repositories.read([top]);
    const [repository] = read.asked;
    if (repository === undefined) throw read.problems[0] ?? new Error(`${top} is not in a git repository.`);
    const range =
      hash === undefined
        ? await code.pullRange(top, repository.graph, { git: this.#api?.git.path })
        : { name: hash.slice(0, 10), commits: [hash] };
    const now = Date.now();
    return code.receiptMarkdown(await code.costOfRange(this.#service, read.repositories, repository, { range, now }));
  }

  /** `LLM-Cost: $0.31` for the work that is not committed; undefined if it cost nothing. */
  async trailer(top: string): Promise<string | undefined> {
    const { code } = await this.#loaded();
    const branch = (await this.now()).find((each) => each.top === top);
    return branch && code.costTrailer(branch.costs.notCommitted);
  }

  get api(): GitExtensionApi | undefined {
    return this.#api;
  }

  dispose(): void {
    this.#rest();
    for (const each of this.#subscriptions) each.dispose();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #loaded(): Promise<{ code: GitCode; repositories: git.GitRepositories }> {
    if (!vscode.workspace.isTrusted) {
      throw new Error(vscode.l10n.t('Git is not run in a workspace that is not trusted.'));
    }
    this.#api ??= await gitExtension();
    this.#code ??= await import('../../git/index.ts');
    this.#repositories ??= new this.#code.GitRepositories({ git: this.#api?.git.path, known: 'kept' });
    return { code: this.#code, repositories: this.#repositories };
  }

  async #read(): Promise<void> {
    if (!vscode.workspace.isTrusted || !this.#service.snapshot.loaded) return;
    const { code, repositories } = await this.#loaded();
    const tops = this.#tops();
    const read = await repositories.read(tops);
    const branches: ShownBranch[] = [];
    for (const [i, top] of tops.entries()) {
      const repository = read.asked[i];
      if (repository === undefined) continue;
      const place = await repositories.place(top);
      const path = place?.top ?? top;
      if (branches.some((each) => each.top === path)) continue;
      this.#watch(
        place === undefined ? [] : [join(place.commonDir, dirname(place.log)), join(place.commonDir, 'logs')],
      );
      const options = { top: path, now: Date.now() };
      branches.push({
        top: path,
        costs: await code.branchCosts(this.#service, read.repositories, repository, options),
      });
    }
    this.#branches = branches;
    this.#problem =
      branches.length > 0 ? undefined : read.problems.find(({ problem }) => problem !== 'no-repository')?.message;
    for (const { problem, message } of read.problems) if (problem !== 'no-repository') this.#log.warn(message);
    const state = branches.length > 0 ? 'ok' : this.#problem === undefined ? 'none' : 'problem';
    void vscode.commands.executeCommand('setContext', CONTEXT_KEYS.commits, state);
    this.#changed.fire();
  }

  /** The repositories that the git extension has open, which include those below a folder, else the folders of the window. */
  #tops(): string[] {
    const open = this.#api?.repositories ?? [];
    for (const repository of open) {
      if (this.#watchedByGit.has(repository)) continue;
      this.#watchedByGit.add(repository);
      this.#subscriptions.push(repository.state.onDidChange(() => this.refresh()));
    }
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const uris = open.length > 0 ? open.map(({ rootUri }) => rootUri) : folders.map(({ uri }) => uri);
    return [...new Set(uris.map(({ fsPath }) => fsPath))];
  }

  /** Git appends to the log of the head with each commit. */
  #watch(folders: readonly string[]): void {
    if (this.#users === 0) return;
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, () => this.refresh());
        watcher.on('error', () => this.#watchers.delete(folder));
        this.#watchers.set(folder, watcher);
      } catch {
        // The folder does not exist yet; polling covers it.
      }
    }
  }
}
