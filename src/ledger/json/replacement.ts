import { join } from 'node:path';
import type { UsageRecord } from '../../usage/record.ts';
import type { Content } from './file.ts';
import type { ChangeContext } from './commitUntil.ts';
import { commitUntil } from './commitUntil.ts';
import { unlinkIfThere } from '../../system/disk.ts';
import { withFields } from './elementText.ts';
import type { LedgerIndex } from './index.ts';
import { replacedName } from '../../system/sideFiles.ts';
import { arrayOf, tailOf } from './recover.ts';
import type { LedgerBasis, LedgerStore } from './store.ts';
import type { CostChange, SetCostsResult, UndoResult } from '../results.ts';
import type { Removal } from './undoLog.ts';

/**
 * Setting the costs of records anew, and back. What the records say before stands durably in a file of its own, which
 * the undo log names, before the ledger changes: a crash at any point leaves all old costs or all new ones, and the way
 * back.
 */

interface Edit {
  start: number;
  end: number;
  text: string;
}

export async function setCosts(
  store: LedgerStore,
  context: ChangeContext,
  changes: readonly CostChange[],
): Promise<SetCostsResult> {
  await context.settleFirst();
  const { folder, base } = store.place;
  const wanted = new Map(changes.map((change) => [change.usageId, change]));
  /** The old text of each record that changes; it grows when the ledger changes under our hands. */
  const originals = new Map<string, string>();
  const differing = new Set<string>();
  const there = new Set<string>();
  let kept: { name: string; seq: number } | undefined;
  await commitUntil(
    store,
    async (basis) => {
      const edits: Edit[] = [];
      there.clear();
      differing.clear();
      for (const { usageId, fields, before } of wanted.values()) {
        const found = find(basis.index, usageId);
        if (!found) continue;
        there.add(usageId);
        if (says(found.record, fields)) continue;
        if (!originals.has(usageId)) {
          if (before && !says(found.record, before)) {
            differing.add(usageId);
            continue;
          }
          originals.set(usageId, withId(found.text, usageId));
        }
        // A record of old inkwell versions gets its id written down: the one derived from its bytes would change.
        edits.push({ ...found, text: withFields(withId(found.text, usageId), fields) });
      }
      if (edits.length === 0) return undefined;
      if (kept) {
        await store.undoLog.append({ op: 'undo', at: new Date(context.now()).toISOString(), of: kept.seq });
        await unlinkIfThere(store.disk, join(folder, kept.name));
      }
      const name = replacedName(base, context.now());
      await store.writeBeside(name, arrayOf([...originals.values()].map((text) => Buffer.from(text))).buffer);
      const at = new Date(context.now()).toISOString();
      await store.undoLog.append({ op: 'replace', at, records: originals.size, file: name });
      kept = { name, seq: await store.undoLog.lastSeq() };
      return edited(basis, edits);
    },
    async (index) =>
      [...originals.keys()].every((id) => {
        const found = find(index, id);
        return !found || says(found.record, wanted.get(id)!.fields);
      }),
  );
  const changed: UsageRecord[] = [];
  for (const id of there) {
    const found = differing.has(id) ? undefined : find(store.index, id);
    if (found) changed.push(found.record);
  }
  return {
    changed,
    missing: [...wanted.keys()].filter((id) => !there.has(id)),
    differing: [...differing],
  };
}

/** Gives records the text back that they had. Those that have gone meanwhile stay gone. */
export async function undoReplace(
  store: LedgerStore,
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
  await commitUntil(
    store,
    async (basis) => {
      const edits = [...originals].flatMap(([id, text]): Edit[] => {
        const found = find(basis.index, id);
        return found && found.text !== text ? [{ ...found, text }] : [];
      });
      return edits.length === 0 ? undefined : edited(basis, edits);
    },
    async (index) =>
      [...originals].every(([id, text]) => {
        const found = find(index, id);
        return !found || found.text === text;
      }),
    markUndone,
  );
  await store.alone(markUndone);
  await unlinkIfThere(store.disk, join(store.place.folder, last.file));
  return result;
}

function find(
  index: LedgerIndex,
  usageId: string,
): { start: number; end: number; text: string; record: UsageRecord } | undefined {
  const locator = index.has(usageId) ? index.locatorOf(usageId) : undefined;
  const raw = locator === undefined ? undefined : index.rawAt(locator);
  return raw && { ...raw, record: index.recordAt(locator!) };
}

function says(record: UsageRecord, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => value === undefined || record[name] === value);
}

function withId(text: string, usageId: string): string {
  const { usage_id } = JSON.parse(text) as Partial<UsageRecord>;
  return usage_id === undefined ? withFields(text, { usage_id: usageId }) : text;
}

/** The whole array with some elements in another form, and everything around them as it was. */
function edited({ bytes, index }: LedgerBasis, edits: readonly Edit[]): Content {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(bytes.buffer.subarray(position, start), Buffer.from(text));
    position = end;
  }
  pieces.push(bytes.buffer.subarray(position, index.contentEnd), tailOf(index.elements, []));
  return { kept: [], tail: Buffer.concat(pieces) };
}
