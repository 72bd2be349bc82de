import { join } from 'node:path';
import type { UsageRecord } from '../../usage/record.ts';
import { isUnreadable, readStored } from '../../usage/stored.ts';
import type { Content } from './file.ts';
import type { ChangeContext } from './commit/commitUntil.ts';
import { commitUntil } from './commit/commitUntil.ts';
import { ElementScanner } from './elements.ts';
import { fsyncFolder, unlinkIfThere } from '../../system/disk.ts';
import { slicer } from '../../system/slices.ts';
import type { LedgerIndex } from './index.ts';
import { clearedName } from '../../system/sideFiles.ts';
import { arrayOf, tailOf, without } from './recover.ts';
import { undoReplace } from './replacement.ts';
import type { LedgerBasis, LedgerVersions } from './versions.ts';
import type { ClearResult, RemoveResult, UndoResult } from '../results.ts';
import { LedgerError } from '../results.ts';
import type { Removal, UndoLine } from './undoLog.ts';

/**
 * Removes records and restores them. Before a record leaves the ledger it is written durably to the undo log (or, for a clear,
 * to a separate file named in the log), so that a crash at any point loses nothing and undo always has its source.
 */

/**
 * Maximum size in characters of a removal in the undo log, which every writer reads; a larger one is written to a separate
 * file.
 */
const MAX_LOGGED = 256 * 1024;

export async function removeRecords(
  store: LedgerVersions,
  context: ChangeContext,
  ids: readonly string[],
  undoable: boolean,
): Promise<RemoveResult> {
  const wanted = new Set(ids);
  const taken = await takeOut(store, context, wanted, undoable);
  const removed = [...taken].map(([id, text]) => asRecord(text, id));
  return { removed, missing: [...wanted].filter((id) => !taken.has(id)) };
}

/** Removes records for good, without parsing them. @returns how many there were. */
export async function dropRecords(
  store: LedgerVersions,
  context: ChangeContext,
  ids: readonly string[],
): Promise<number> {
  return (await takeOut(store, context, new Set(ids), false)).size;
}

/** @returns the texts of the removed records by their ids. */
async function takeOut(
  store: LedgerVersions,
  context: ChangeContext,
  wanted: ReadonlySet<string>,
  undoable: boolean,
): Promise<ReadonlyMap<string, string>> {
  await context.settleFirst();
  const taken = new Map<string, string>();
  await commitLogged(
    store,
    context,
    async ({ bytes, index }, log) => {
      const found: { id: string; start: number; end: number; text: string }[] = [];
      const slice = slicer();
      for (const id of wanted) {
        const locator = index.has(id) ? index.locatorOf(id) : undefined;
        const raw = locator === undefined ? undefined : index.rawAt(locator);
        if (raw) found.push({ id, ...raw });
        await slice();
      }
      const elsewhere = await inJournals(store, context, index, wanted);
      const fresh = [...found, ...elsewhere].filter(({ id, text }) => taken.get(id) !== text);
      if (fresh.length > 0) await log(await removalLine(store, context, fresh, undoable));
      for (const { id, text } of fresh) taken.set(id, text);
      return found.length === 0 ? undefined : without(bytes, index, found);
    },
    async (index) => ![...taken.keys()].some((id) => index.has(id)),
  );
  return taken;
}

/**
 * The undo log's line for these records: with their texts, or if these are large, with the name of a file that contains them.
 * @param undoable if not, the line is there only for other processes, which see that the records were removed on purpose.
 */
async function removalLine(
  store: LedgerVersions,
  context: ChangeContext,
  records: readonly { id: string; text: string }[],
  undoable: boolean,
): Promise<UndoLine> {
  const ids = records.map(({ id }) => id);
  const elements = undoable ? records.map(({ text }) => text) : [];
  const size = (undoable ? elements : ids).reduce((sum, text) => sum + text.length, 0);
  if (size <= MAX_LOGGED) return { op: 'remove', ids, elements };
  const file = clearedName(store.place.base, context.now());
  await store.writeBeside(file, arrayOf(records.map(({ text }) => text)).buffer);
  return { op: 'clear', records: records.length, file, partial: true, ...(!undoable && { forgotten: true as const }) };
}

export async function clearLedger(store: LedgerVersions, context: ChangeContext): Promise<ClearResult> {
  await context.settleFirst();
  const { folder, base } = store.place;
  let kept: { name: string; seq: number; records: number } | undefined;
  let cleared = new Set<string>();
  await commitLogged(
    store,
    context,
    async ({ bytes, index }, log) => {
      const waiting = await inJournals(store, context, index);
      if (index.elements + waiting.length === 0) return undefined;
      const before = kept;
      // The ledger has changed since the last attempt: records that only the earlier version had are cleared as well.
      const gone = before ? await store.readBeside(before.name).then((text) => (text ? elementsIn(text) : [])) : [];
      const there = new Set(waiting.map(({ id }) => id));
      const lost = gone.filter(({ id }) => id !== undefined && !index.has(id) && !there.has(id));
      const texts: (string | Buffer)[] = [...waiting, ...lost].map(({ text }) => text);
      const records = index.elements + texts.length;
      const name = clearedName(base, context.now());
      const whole = Buffer.concat([bytes.buffer.subarray(0, index.contentEnd), tailOf(index.elements, texts)]);
      await store.writeBeside(name, whole);
      const seq = await log({ op: 'clear', records, file: name });
      kept = { name, seq, records };
      if (before) {
        await log({ op: 'undo', of: before.seq });
        await unlinkIfThere(store.disk, join(folder, before.name));
      }
      cleared = new Set([...index.ids, ...there]);
      return { kept: [], tail: Buffer.from('[]') };
    },
    async (index) => ![...cleared].some((id) => index.has(id)),
  );
  return { removed: kept?.records ?? 0, keptIn: kept && join(folder, kept.name) };
}

type Log = (line: UndoLine) => Promise<number>;

/**
 * Commits a removal that the plan first writes to the undo log. If the commit fails, the line is revoked: the records still
 * exist, and must not appear to be removed.
 */
async function commitLogged(
  store: LedgerVersions,
  context: ChangeContext,
  plan: (basis: LedgerBasis, log: Log) => Promise<Content | undefined>,
  holds: (index: LedgerIndex) => Promise<boolean>,
): Promise<void> {
  const standing = new Set<number>();
  const log: Log = async (line) => {
    await store.undoLog.append({ at: new Date(context.now()).toISOString(), ...line });
    const seq = await store.undoLog.lastSeq();
    if (line.op === 'undo') standing.delete(line.of);
    else standing.add(seq);
    return seq;
  };
  let committed = false;
  try {
    await commitUntil(
      store,
      (basis) => plan(basis, log),
      holds,
      async () => {
        committed = true;
      },
    );
  } catch (error) {
    if (!committed) {
      for (const of of standing) await log({ op: 'undo', of }).catch(() => undefined);
    }
    throw error;
  }
}

/** Undoes the last change. Of several processes that do so at once, each undoes another one. */
export async function undoLast(
  store: LedgerVersions,
  context: ChangeContext,
  dryRun: boolean,
): Promise<UndoResult | undefined> {
  if (!dryRun) await context.settleFirst();
  for (let last = await store.undoLog.last(); last; last = await store.undoLog.last()) {
    const result = await undoChange(store, context, last, dryRun);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** Undefined when it is not the last change any more. */
async function undoChange(
  store: LedgerVersions,
  context: ChangeContext,
  last: Removal,
  dryRun: boolean,
): Promise<UndoResult | undefined> {
  const elements = await elementsOf(store, last);
  if (elements === undefined) return undefined;
  const undone = last.op === 'clear' && last.partial ? 'remove' : last.op;
  const result: UndoResult = { undone, at: last.at, records: elements.length };
  if (dryRun) return result;
  if (last.op === 'replace') return (await undoReplace(store, context, last, elements)) ? result : undefined;
  const ids = elements.map(({ id }) => id).filter((id) => id !== undefined);
  let marked = false;
  const markUndone = async (): Promise<void> => {
    if (!marked) await store.undoLog.append({ op: 'undo', at: new Date(context.now()).toISOString(), of: last.seq });
    marked = true;
  };
  let isTaken = false;
  await commitUntil(
    store,
    async ({ index }) => {
      isTaken = !marked && !(await store.undoLog.isLast(last));
      if (isTaken) return undefined;
      const back = elements.filter(({ id }) => id === undefined || !index.has(id)).map(({ text }) => text);
      if (back.length === 0) {
        await markUndone();
        return undefined;
      }
      return { kept: [{ start: 0, end: index.contentEnd }], tail: tailOf(index.elements, back) };
    },
    async (index) => isTaken || ids.every((id) => index.has(id)),
    async () => {
      // Only once the records are durable: otherwise a power cut could leave them in neither place.
      if (!marked) await fsyncFolder(store.disk, store.place.folder);
      await markUndone();
    },
  );
  if (isTaken) return undefined;
  if (last.op === 'clear') await unlinkIfThere(store.disk, join(store.place.folder, last.file));
  return result;
}

/** Records in other processes' journals that are not committed yet. */
async function inJournals(
  store: LedgerVersions,
  context: ChangeContext,
  index: LedgerIndex,
  wanted?: ReadonlySet<string>,
): Promise<{ id: string; text: string }[]> {
  const found: { id: string; text: string }[] = [];
  for (const [id, entry] of await store.journals.entries(context.isOwn)) {
    if ((wanted && !wanted.has(id)) || index.has(id)) continue;
    if (!(await store.undoLog.removedSince(id, entry.seen))) found.push({ id, text: entry.text });
  }
  return found;
}

async function elementsOf(
  store: LedgerVersions,
  removal: Removal,
): Promise<{ id: string | undefined; text: string | Buffer }[] | undefined> {
  if (removal.op === 'remove') {
    return removal.elements.map((text, i) => ({ id: removal.ids[i], text }));
  }
  const buffer = await store.readBeside(removal.file);
  if (!buffer) {
    // Another process undid it, and removed the file.
    if (!(await store.undoLog.isLast(removal))) return undefined;
    const { op, file, at } = removal;
    throw new LedgerError(
      'damaged',
      op === 'clear'
        ? `${file} is missing: it contains the records cleared at ${at}. Put it back beside the ledger to undo.`
        : `${file} is missing: it contains the records priced again at ${at}. Put it back beside the ledger to undo.`,
    );
  }
  return elementsIn(buffer);
}

function elementsIn(buffer: Buffer): { id: string | undefined; text: Buffer }[] {
  const elements: { id: string | undefined; text: Buffer }[] = [];
  const scanner = new ElementScanner(buffer, buffer.length);
  while (scanner.next()) {
    const text = buffer.subarray(scanner.start, scanner.end);
    const read = readStored(JSON.parse(text.toString('utf8')), () => '');
    const id = isUnreadable(read) || read.usage_id === '' ? undefined : read.usage_id;
    elements.push({ id, text });
  }
  return elements;
}

function asRecord(text: string, id: string): UsageRecord {
  const read = readStored(JSON.parse(text), () => id);
  if (isUnreadable(read)) throw new Error(`not a record: ${read.unreadable}`);
  return read;
}
