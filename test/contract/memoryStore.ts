import { UsageTable } from '../../src/columns/table.ts';
import type { ClearResult, Problem, RemoveResult, RepairResult } from '../../src/ledger/results.ts';
import type { StoredElement, UndoResult, UpsertResult } from '../../src/ledger/results.ts';
import { assertSame, sameElement } from '../../src/ledger/sameUsage.ts';
import type { Addition, Appended, AppendMode, Look, ReplacePlan, Store } from '../../src/ledger/store.ts';
import { nextTurn } from '../../src/system/turns.ts';
import type { AggregateQuery, Group, Page, PageQuery } from '../../src/usage/query.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { isUnreadable, readStored } from '../../src/usage/stored.ts';

/** The texts from before a change, by id. */
type Change = Pick<UndoResult, 'undone' | 'at'> & { texts: Map<string, string> };

/** The contents of one ledger in memory. Several stores share them, as processes share a file. */
export class MemoryContents {
  /** By id, oldest addition first. */
  readonly texts = new Map<string, string>();
  /** Elements of other programs that are no usage records. */
  foreign: string[] = [];
  readonly changes: Change[] = [];
  readonly watchers = new Set<() => void>();
  version = 0;

  changed(): void {
    this.version++;
    for (const onChange of this.watchers) queueMicrotask(onChange);
  }
}

/** The smallest store: it shows that the contract needs neither a file nor a database. */
export class MemoryStore implements Store {
  readonly name: string;
  readonly #contents: MemoryContents;
  readonly #now: () => number;
  #table = new UsageTable();
  #elements: StoredElement[] = [];
  #excluded: ReadonlySet<string> = new Set();
  #seen: number | undefined;

  constructor(name: string, contents: MemoryContents, now: () => number) {
    this.name = name;
    this.#contents = contents;
    this.#now = now;
  }

  async look(): Promise<Look> {
    const { texts, foreign, version } = this.#contents;
    if (this.#seen !== version) {
      this.#seen = version;
      this.#elements = [...texts.values()].map(elementOf);
      this.#fill();
    }
    const code = 'unreadable-element';
    const problems = foreign.map((message): Problem => ({ code, severity: 'error', message }));
    const health = problems.length > 0 ? 'damaged' : version === 0 ? 'missing' : 'ok';
    const counts = { records: this.#elements.length, pending: 0, unreadable: foreign.length, bytes: 0 };
    return { state: { health, problems, ...counts, modifiedAt: undefined }, cursor: String(version) };
  }

  watch(onChange: () => void): { dispose(): void } {
    this.#contents.watchers.add(onChange);
    return { dispose: () => void this.#contents.watchers.delete(onChange) };
  }

  async append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]> {
    await nextTurn();
    const fresh = new Map<string, string>();
    const appended = additions.map(({ record, text, given }): Appended => {
      const id = record.usage_id;
      const there = fresh.get(id) ?? this.#contents.texts.get(id);
      if (there === undefined) {
        fresh.set(id, text);
        return { status: 'recorded', record };
      }
      if (mode === 'all') assertSame(given!, recordOf(there));
      const differs = mode === 'each' && !sameElement(there, text, id);
      return { status: differs ? 'differing' : 'present', record: recordOf(there) };
    });
    this.#write(fresh);
    return appended;
  }

  async replace(plan: ReplacePlan, undoable: boolean): Promise<UpsertResult> {
    const { texts } = this.#contents;
    const elements = plan((id) => (texts.has(id) ? elementOf(texts.get(id)!) : undefined));
    const wanted = new Map(elements.map(({ record, text }) => [record.usage_id, text]));
    const before = this.#textsOf([...wanted.keys()]);
    if (undoable) this.#keep('replace', before);
    this.#write(wanted);
    return { added: wanted.size - before.size, replaced: before.size };
  }

  async remove(ids: readonly string[], undoable: boolean): Promise<RemoveResult> {
    const taken = this.#take(ids, undoable ? 'remove' : undefined);
    return { removed: [...taken.values()].map(recordOf), missing: [...new Set(ids)].filter((id) => !taken.has(id)) };
  }

  async clear(): Promise<ClearResult> {
    const { size } = this.#take([...this.#contents.texts.keys()], 'clear');
    return { removed: size, keptIn: size > 0 ? `${this.name}/cleared` : undefined };
  }

  async undo(dryRun: boolean): Promise<UndoResult | undefined> {
    const { changes, texts } = this.#contents;
    const last = changes.at(-1);
    if (!last) return undefined;
    if (!dryRun) {
      changes.pop();
      this.#write(new Map([...last.texts].filter(([id]) => texts.has(id) === (last.undone === 'replace'))));
    }
    return { undone: last.undone, at: last.at, records: last.texts.size };
  }

  flush = async (): Promise<boolean> => true;

  aggregate = async (query: AggregateQuery): Promise<Group[]> => this.#table.aggregate(query);

  async page(query: PageQuery): Promise<Page> {
    const { total, rows } = this.#table.select(query);
    return { total, rows: rows.map(({ locator }) => ({ ledger: this.name, record: this.#elements[locator]!.record })) };
  }

  async *elements() {
    yield this.#elements;
  }

  async holds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.filter((id) => this.#table.has(0, id)));
  }

  async changesSince(cursor: string | undefined) {
    const all = async function* (table: UsageTable) {
      yield [...table.ids()];
    };
    return cursor === undefined ? all(this.#table) : undefined;
  }

  async exclude(ids: ReadonlySet<string>): Promise<void> {
    this.#excluded = ids;
    this.#fill();
  }

  async verify() {
    const { state } = await this.look();
    return { ...state, path: this.name, files: [] };
  }

  async repair(dryRun: boolean): Promise<RepairResult> {
    const { foreign, texts } = this.#contents;
    const records = texts.size;
    if (foreign.length === 0) return { actions: [], records, recovered: 0, keptIn: undefined };
    if (!dryRun) this.#contents.foreign = [];
    this.#contents.changed();
    const keptIn = dryRun ? undefined : `${this.name}/aside`;
    return { actions: [`${foreign.length} elements are taken out`], records, recovered: 0, keptIn };
  }

  async close(): Promise<void> {}

  #fill(): void {
    this.#table = new UsageTable();
    this.#table.addLedger(this.name);
    for (const [i, { record }] of this.#elements.entries()) this.#table.add(0, record, i);
    for (const id of this.#excluded) this.#table.hide(0, id, true);
  }

  #write(texts: ReadonlyMap<string, string>): void {
    for (const [id, text] of texts) this.#contents.texts.set(id, text);
    if (texts.size > 0) this.#contents.changed();
  }

  #textsOf(ids: readonly string[]): Map<string, string> {
    const { texts } = this.#contents;
    return new Map(ids.flatMap((id) => (texts.has(id) ? [[id, texts.get(id)!]] : [])));
  }

  #take(ids: readonly string[], kept: Change['undone'] | undefined): Map<string, string> {
    const taken = this.#textsOf(ids);
    if (kept) this.#keep(kept, taken);
    for (const id of taken.keys()) this.#contents.texts.delete(id);
    if (taken.size > 0) this.#contents.changed();
    return taken;
  }

  #keep(undone: Change['undone'], texts: Map<string, string>): void {
    const at = new Date(this.#now()).toISOString();
    if (texts.size > 0) this.#contents.changes.push({ undone, at, texts });
  }
}

function recordOf(text: string): UsageRecord {
  const read = readStored(JSON.parse(text), () => '');
  if (isUnreadable(read)) throw new Error(read.unreadable);
  return read;
}

const elementOf = (text: string): StoredElement => ({ record: recordOf(text), text });
