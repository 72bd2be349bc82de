import { join } from 'node:path';
import { unlinkIfThere } from '../../system/disk.ts';
import { replacedName } from '../../system/sideFiles.ts';
import type { StoredElement, UpsertResult } from '../results.ts';
import type { ReplacePlan } from '../store.ts';
import type { Content } from './file.ts';
import type { ChangeContext } from './commit/commitUntil.ts';
import { commitUntil } from './commit/commitUntil.ts';
import type { LedgerIndex } from './index.ts';
import { elementAt } from './reading.ts';
import { arrayOf, tailOf } from './recover.ts';
import type { LedgerBasis, LedgerVersions } from './versions.ts';
import type { Removal } from './undoLog.ts';

/**
 * Adds records and replaces others in one commit, and undoes that. An undoable change first keeps the old texts of all replaced
 * records, durably, in a file named in the undo log: a crash at any point leaves either all old records or all new ones, and
 * the change can be undone.
 */

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** See {@link Store.replace}. */
export async function replaceRecords(
  store: LedgerVersions,
  context: ChangeContext,
  plan: ReplacePlan,
  undoable: boolean,
): Promise<UpsertResult> {
  await context.settleFirst();
  /** These grow if the plan runs again because a foreign writer restored an old version. */
  const added = new Set<string>();
  const replaced = new Set<string>();
  const originals = undoable ? new Originals(store, context.now) : undefined;
  await commitUntil(
    store,
    async (basis) => {
      const edits: Edit[] = [];
      const texts: string[] = [];
      for (const { record, text } of latestOf(plan(lookup(basis.index)))) {
        const id = record.usage_id;
        const there = rangeOf(basis.index, id);
        const before = there ? elementAt(basis.index, there.start, id) : lookup(basis.index)(id);
        if (there) edits.push({ ...there, text });
        else texts.push(text);
        // A record waiting in another process's journal is replaced as well: that process finds it in the file.
        if (before) originals?.add(id, before.text);
        if (!before) added.add(id);
        else if (!added.has(id)) replaced.add(id);
      }
      if (edits.length + texts.length === 0) return undefined;
      await originals?.keep();
      return edited(basis, edits, texts);
    },
    async (index) => plan(lookup(index)).length === 0,
  );
  return { added: added.size, replaced: replaced.size };
}

/** Restores the old texts of records. Records removed in between stay removed. @returns false: it is not the last change any more. */
export async function undoReplace(
  store: LedgerVersions,
  context: ChangeContext,
  last: Extract<Removal, { op: 'clear' | 'replace' }>,
  elements: readonly { id: string | undefined; text: string | Buffer }[],
): Promise<boolean> {
  const originals = new Map(elements.flatMap(({ id, text }) => (id === undefined ? [] : [[id, text.toString()]])));
  let marked = false;
  let isTaken = false;
  const markUndone = async (): Promise<void> => {
    if (!marked) await store.undoLog.append({ op: 'undo', at: new Date(context.now()).toISOString(), of: last.seq });
    marked = true;
  };
  const differs = (index: LedgerIndex, id: string, text: string): Edit | undefined => {
    const there = rangeOf(index, id);
    return there && index.rawAt(there.start)!.text !== text ? { ...there, text } : undefined;
  };
  await commitUntil(
    store,
    async (basis) => {
      isTaken = !marked && !(await store.undoLog.isLast(last));
      if (isTaken) return undefined;
      const edits = [...originals].flatMap(([id, text]) => differs(basis.index, id, text) ?? []);
      if (edits.length > 0) return edited(basis, edits, []);
      await markUndone();
      return undefined;
    },
    async (index) => isTaken || [...originals].every(([id, text]) => differs(index, id, text) === undefined),
    markUndone,
  );
  if (isTaken) return false;
  await unlinkIfThere(store.disk, join(store.place.folder, last.file));
  return true;
}

/** The old texts of the records that one change replaces. */
class Originals {
  readonly #store: LedgerVersions;
  readonly #now: () => number;
  readonly #texts = new Map<string, string>();
  #kept: { name: string; seq: number; count: number } | undefined;

  constructor(store: LedgerVersions, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Adds a text unless the record already has one. */
  add(usageId: string, text: string): void {
    if (!this.#texts.has(usageId)) this.#texts.set(usageId, text);
  }

  /** Makes all texts durable in a new file that replaces the previous one. */
  async keep(): Promise<void> {
    const { disk, place, undoLog } = this.#store;
    const before = this.#kept;
    const count = this.#texts.size;
    if (count === (before?.count ?? 0)) return;
    const at = new Date(this.#now()).toISOString();
    if (before) {
      await undoLog.append({ op: 'undo', at, of: before.seq });
      await unlinkIfThere(disk, join(place.folder, before.name));
    }
    const name = replacedName(place.base, this.#now());
    const texts = [...this.#texts.values()].map((text) => Buffer.from(text));
    await this.#store.writeBeside(name, arrayOf(texts).buffer);
    await undoLog.append({ op: 'replace', at, records: count, file: name });
    this.#kept = { name, seq: await undoLog.lastSeq(), count };
  }
}

/** The last element for each id, if a plan contains an id twice. */
function latestOf(elements: readonly StoredElement[]): Iterable<StoredElement> {
  return new Map(elements.map((element) => [element.record.usage_id, element])).values();
}

/** Finds records in the file and those waiting in journals. */
function lookup(index: LedgerIndex): (usageId: string) => StoredElement | undefined {
  return (usageId) => {
    const there = rangeOf(index, usageId);
    if (there) return elementAt(index, there.start, usageId);
    const locator = index.locatorOf(usageId);
    return locator === undefined ? undefined : index.waitingAt(locator);
  };
}

/** The byte range of a record in the file. */
function rangeOf(index: LedgerIndex, usageId: string): { start: number; end: number } | undefined {
  const locator = index.has(usageId) ? index.locatorOf(usageId) : undefined;
  if (locator === undefined) return undefined;
  const { start, end } = index.rawAt(locator)!;
  return { start, end };
}

/** The whole array with some elements changed and others appended, and every byte between them unchanged. */
function edited({ bytes, index }: LedgerBasis, edits: readonly Edit[], texts: readonly string[]): Content {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(bytes.buffer.subarray(position, start), Buffer.from(text));
    position = end;
  }
  pieces.push(bytes.buffer.subarray(position, index.contentEnd), tailOf(index.elements, texts));
  return { kept: [], tail: Buffer.concat(pieces) };
}
