import { join } from 'node:path';
import { unlinkIfThere } from '../../system/disk.ts';
import { replacedName } from '../../system/sideFiles.ts';
import type { StoredElement, UndoResult, UpsertResult } from '../results.ts';
import type { ReplacePlan } from '../store.ts';
import type { Content } from './file.ts';
import type { ChangeContext } from './commitUntil.ts';
import { commitUntil } from './commitUntil.ts';
import type { LedgerIndex } from './index.ts';
import { elementAt, waitingAt } from './reading.ts';
import { arrayOf, tailOf } from './recover.ts';
import type { LedgerBasis, LedgerVersions } from './versions.ts';
import type { Removal } from './undoLog.ts';

/**
 * Adding records and replacing others in one commit, and undoing it. An undoable change first keeps the old text of all
 * records that it replaces, durably, in a file that the undo log names: a crash at any point leaves all old records or all
 * new ones, and the way back.
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
  /** Grow when the plan is asked again, because a foreign writer brought an old version back. */
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
        if (there) {
          edits.push({ ...there, text });
          originals?.add(id, elementAt(basis.index, there.start, id).text);
          if (!added.has(id)) replaced.add(id);
        } else {
          texts.push(text);
          added.add(id);
        }
      }
      if (edits.length + texts.length === 0) return undefined;
      await originals?.keep();
      return edited(basis, edits, texts);
    },
    async (index) => plan(lookup(index)).length === 0,
  );
  return { added: added.size, replaced: replaced.size };
}

/** Gives records the text back that they had. Records that were removed in between stay removed. */
export async function undoReplace(
  store: LedgerVersions,
  context: ChangeContext,
  last: Extract<Removal, { op: 'clear' | 'replace' }>,
  elements: readonly { id: string | undefined; text: string | Buffer }[],
  dryRun: boolean,
): Promise<UndoResult> {
  const result: UndoResult = { undone: 'replace', at: last.at, records: elements.length };
  if (dryRun) return result;
  await context.settleFirst();
  const originals = new Map(elements.flatMap(({ id, text }) => (id === undefined ? [] : [[id, text.toString()]])));
  let marked = false;
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
      const edits = [...originals].flatMap(([id, text]) => differs(basis.index, id, text) ?? []);
      return edits.length === 0 ? undefined : edited(basis, edits, []);
    },
    async (index) => [...originals].every(([id, text]) => differs(index, id, text) === undefined),
    markUndone,
  );
  await store.alone(markUndone);
  await unlinkIfThere(store.disk, join(store.place.folder, last.file));
  return result;
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

  /** Takes a text, unless there is one of this record already. */
  add(usageId: string, text: string): void {
    if (!this.#texts.has(usageId)) this.#texts.set(usageId, text);
  }

  /** Makes all of them durable, in a new file in the place of the one before. */
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

/** The last element of each id, where a plan names one twice. */
function latestOf(elements: readonly StoredElement[]): Iterable<StoredElement> {
  return new Map(elements.map((element) => [element.record.usage_id, element])).values();
}

/** Finds the records of the file and those that wait in journals. */
function lookup(index: LedgerIndex): (usageId: string) => StoredElement | undefined {
  return (usageId) => {
    const there = rangeOf(index, usageId);
    if (there) return elementAt(index, there.start, usageId);
    const locator = index.locatorOf(usageId);
    return locator === undefined ? undefined : waitingAt(index, locator);
  };
}

/** The bytes of a record of the file. */
function rangeOf(index: LedgerIndex, usageId: string): { start: number; end: number } | undefined {
  const locator = index.has(usageId) ? index.locatorOf(usageId) : undefined;
  if (locator === undefined) return undefined;
  const { start, end } = index.rawAt(locator)!;
  return { start, end };
}

/** The whole array with some elements changed, others at its end, and every byte between them as it was. */
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
