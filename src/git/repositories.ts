import { realpath } from 'node:fs/promises';
import { costedRepository, type CostedRepository } from './attribution.ts';
import { CloneReader, historyOf, type CloneOptions } from './cloneReader.ts';
import type { ClonePlace } from './clonePlace.ts';
import type { CloneHistory } from './history.ts';
import { historyFolder, knownHistories, loadHistory, type HistoryHead } from './historyFile.ts';
import { lineageOf } from './lineage.ts';
import { missingPatches } from './patches.ts';
import { GitError } from './run.ts';

/** Reading and preparing several repositories: those that were asked about, and all that were read on this machine before. */

export interface GitRepositoriesRead {
  readonly repositories: readonly CostedRepository[];
  /** The repository of each folder that was asked about, in the same order; undefined if it has none. */
  readonly asked: readonly (CostedRepository | undefined)[];
  /** Why a folder has none. */
  readonly problems: readonly GitError[];
  /** Whether nothing has changed since the last read. */
  readonly isSame: boolean;
}

export interface GitRepositoriesOptions extends CloneOptions {
  /**
   * Whether to include the repositories that were read before: asking git for what is new in them, or as they were then. Default:
   * `read`.
   */
  known?: 'read' | 'kept' | 'none' | undefined;
}

/** Keeps what it has read, so that reading again is fast. */
export class GitRepositories {
  readonly #options: GitRepositoriesOptions;
  readonly #keptIn: string;
  /** By the folder shared by the worktrees. */
  readonly #keptHistories = new Map<string, CloneHistory>();
  /** By folder. */
  readonly #readers = new Map<string, CloneReader>();
  readonly #readerOf = new WeakMap<CloneHistory, CloneReader>();
  #histories: readonly CloneHistory[] = [];
  #last: GitRepositoriesRead | undefined;

  constructor(options: GitRepositoriesOptions = {}) {
    this.#options = options;
    this.#keptIn = options.keptIn ?? historyFolder();
  }

  /** The folders of a clone that was read; undefined for any other folder. */
  async place(folder: string): Promise<ClonePlace | undefined> {
    return this.#readers
      .get(folder)
      ?.place()
      .catch(() => undefined);
  }

  /** Resolves when everything that was read is kept for later processes. */
  async settle(): Promise<void> {
    for (const reader of this.#readers.values()) await reader.settle();
  }

  /** Never rejects because of a repository: see `problems`. */
  async read(folders: readonly string[]): Promise<GitRepositoriesRead> {
    const problems: GitError[] = [];
    const clones = new Map<string, CloneHistory>();
    const commonDirs: (string | undefined)[] = [];
    for (const folder of folders) {
      const history = await this.#read(folder).catch((error: unknown) => {
        if (!(error instanceof GitError)) throw error;
        problems.push(error);
      });
      commonDirs.push(history?.commonDir);
      if (history !== undefined) clones.set(history.commonDir, history);
    }
    if (this.#options.known !== 'none') await this.#addKnown(clones);
    const histories = [...clones.values()];
    const isSame =
      this.#last !== undefined &&
      histories.length === this.#histories.length &&
      histories.every((each, i) => each === this.#histories[i]);
    this.#histories = histories;
    const repositories = isSame ? this.#last!.repositories : await this.#prepared(histories);
    const find = (dir: string | undefined): CostedRepository | undefined =>
      dir === undefined ? undefined : repositories.find(({ commonDirs }) => commonDirs.has(dir));
    return (this.#last = { repositories, asked: commonDirs.map(find), problems, isSame });
  }

  async #read(folder: string): Promise<CloneHistory> {
    const reader = this.#readers.get(folder) ?? new CloneReader(folder, this.#options);
    this.#readers.set(folder, reader);
    const history = await reader.read();
    this.#readerOf.set(history, reader);
    return history;
  }

  /** Clones with the same remote are one repository. */
  async #prepared(histories: readonly CloneHistory[]): Promise<CostedRepository[]> {
    const groups = new Map<string, CloneHistory[]>();
    for (const history of histories) {
      const key = history.remote ?? history.commonDir;
      groups.set(key, [...(groups.get(key) ?? []), history]);
    }
    return Promise.all(
      [...groups.values()].map(async (clones) => this.#withPatches(await costedRepository(clones), clones)),
    );
  }

  async #withPatches(repository: CostedRepository, clones: readonly CloneHistory[]): Promise<CostedRepository> {
    const { graph, lineage } = repository;
    const patches = new Map(graph.patches);
    for (const history of clones) {
      const reader = this.#readerOf.get(history);
      if (reader === undefined) continue;
      const found = await missingPatches(reader.folder, graph, lineage, this.#options);
      reader.keepPatches(found);
      for (const [hash, patch] of found) patches.set(hash, patch);
    }
    if (patches.size === graph.patches.size) return repository;
    const complete = { ...graph, patches };
    return { ...repository, graph: complete, lineage: await lineageOf(complete) };
  }

  /** A repository that no longer exists is answered from what was kept of it. */
  async #addKnown(clones: Map<string, CloneHistory>): Promise<void> {
    for (const head of await knownHistories(this.#keptIn)) {
      if (clones.has(head.commonDir)) continue;
      const history = (await this.#readAgain(head)) ?? (await this.#kept(head));
      if (history !== undefined) clones.set(head.commonDir, history);
    }
  }

  async #readAgain({ commonDir, worktrees }: HistoryHead): Promise<CloneHistory | undefined> {
    const folder = worktrees.find(({ isRemoved }) => !isRemoved)?.path ?? commonDir;
    if (this.#options.known === 'kept') return undefined;
    if ((await realpath(commonDir).catch(() => undefined)) === undefined) return undefined;
    const history = await this.#read(folder).catch(() => undefined);
    return history?.commonDir === commonDir ? history : undefined;
  }

  async #kept({ commonDir }: HistoryHead): Promise<CloneHistory | undefined> {
    const before = this.#keptHistories.get(commonDir);
    if (before !== undefined) return before;
    const known = await loadHistory(commonDir, this.#keptIn);
    if (known !== undefined) this.#keptHistories.set(commonDir, historyOf(known));
    return this.#keptHistories.get(commonDir);
  }
}
