import type { UsageRecord } from '../../usage/record.ts';
import type { Content } from './file.ts';
import type { ChangeContext } from './commitUntil.ts';
import { commitUntil } from './commitUntil.ts';
import type { LedgerIndex } from './index.ts';
import { tailOf } from './recover.ts';
import type { LedgerStore } from './store.ts';
import type { UpsertPlan, UpsertResult } from '../results.ts';

/** Adding records and replacing others in one commit of a JSON ledger, by a plan that sees what stands there then. */
export async function upsertRecords(
  store: LedgerStore,
  context: ChangeContext,
  plan: UpsertPlan,
): Promise<UpsertResult> {
  await context.settleFirst();
  let result: UpsertResult = { added: 0, replaced: 0 };
  /** A later look at the same plan, when a foreign writer brought an old version back, counts nothing twice. */
  const added = new Set<string>();
  const replaced = new Set<string>();
  await commitUntil(
    store,
    async ({ bytes, index }) => {
      const wanted = new Map(plan(lookup(index)).map((record) => [record.usage_id, record]));
      if (wanted.size === 0) return undefined;
      const edits: { start: number; end: number; text: string }[] = [];
      const fresh: string[] = [];
      for (const [id, record] of wanted) {
        const there = index.has(id) ? index.locatorOf(id) : undefined;
        const raw = there === undefined ? undefined : index.rawAt(there);
        const text = JSON.stringify(record);
        if (raw) edits.push({ ...raw, text });
        else fresh.push(text);
        if (!raw) added.add(id);
        else if (!added.has(id)) replaced.add(id);
      }
      result = { added: added.size, replaced: replaced.size };
      return withEdits(bytes.buffer, index, edits, fresh);
    },
    async (index) => plan(lookup(index)).length === 0,
  );
  return result;
}

function lookup(index: LedgerIndex): (usageId: string) => UsageRecord | undefined {
  return (usageId) => {
    const locator = index.locatorOf(usageId);
    return locator === undefined ? undefined : index.recordAt(locator);
  };
}

function withEdits(
  buffer: Buffer,
  index: LedgerIndex,
  edits: { start: number; end: number; text: string }[],
  fresh: readonly string[],
): Content {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const { start, end, text } of edits.sort((a, b) => a.start - b.start)) {
    pieces.push(buffer.subarray(position, start), Buffer.from(text));
    position = end;
  }
  pieces.push(buffer.subarray(position, index.contentEnd), tailOf(index.elements, fresh));
  return { kept: [], tail: Buffer.concat(pieces) };
}
