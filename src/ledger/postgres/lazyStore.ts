import type { ColumnPass } from '../../columns/columnPass.ts';
import type { AggregateQuery, Group, Page, PageQuery } from '../../usage/query.ts';
import { once } from '../../usage/lazy/once.ts';
import type {
  ClearResult,
  RemoveResult,
  RepairResult,
  StoredElement,
  UndoResult,
  UpsertResult,
  Verification,
} from '../results.ts';
import {
  passOver,
  type Addition,
  type Appended,
  type AppendMode,
  type Look,
  type ReplacePlan,
  type Store,
} from '../store.ts';

/** A store whose code is loaded when it is first used. */
export class LazyStore implements Store {
  readonly name: string;
  readonly #store: () => Promise<Store>;
  #excluded: ReadonlySet<string> = new Set();

  /** @param load is called once. */
  constructor(name: string, load: () => Promise<Store>) {
    this.name = name;
    this.#store = once(load);
  }

  async look(): Promise<Look> {
    return (await this.#store()).look();
  }

  watch(onChange: () => void): { dispose(): void } {
    const watching = this.#store().then((store) => store.watch(onChange));
    return { dispose: () => void watching.then((watcher) => watcher.dispose()) };
  }

  async append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]> {
    return (await this.#store()).append(additions, mode);
  }

  async replace(plan: ReplacePlan, undoable: boolean): Promise<UpsertResult> {
    return (await this.#store()).replace(plan, undoable);
  }

  async remove(ids: readonly string[], undoable: boolean): Promise<RemoveResult> {
    return (await this.#store()).remove(ids, undoable);
  }

  async clear(): Promise<ClearResult> {
    return (await this.#store()).clear();
  }

  async undo(dryRun: boolean): Promise<UndoResult | undefined> {
    return (await this.#store()).undo(dryRun);
  }

  async flush(timeoutMs: number): Promise<boolean> {
    return (await this.#store()).flush(timeoutMs);
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    return (await this.#store()).aggregate(query);
  }

  async page(query: PageQuery): Promise<Page> {
    return (await this.#store()).page(query);
  }

  async pass<T>(pass: ColumnPass<T>): Promise<T> {
    return passOver(await this.#store(), pass, this.#excluded);
  }

  async *elements(): AsyncGenerator<readonly StoredElement[]> {
    yield* (await this.#store()).elements();
  }

  async holds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return (await this.#store()).holds(ids);
  }

  async changesSince(cursor: string | undefined): Promise<AsyncIterable<readonly string[]> | undefined> {
    return (await this.#store()).changesSince(cursor);
  }

  async exclude(ids: ReadonlySet<string>): Promise<void> {
    this.#excluded = ids;
    await (await this.#store()).exclude(ids);
  }

  async verify(): Promise<Verification> {
    return (await this.#store()).verify();
  }

  async repair(dryRun: boolean): Promise<RepairResult> {
    return (await this.#store()).repair(dryRun);
  }

  async close(): Promise<void> {
    await (await this.#store()).close();
  }
}
