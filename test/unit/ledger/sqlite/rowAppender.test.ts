import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SEGMENT_SPAN } from '../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';

/** Segments are sealed from the records that were added, and must say what their rows say. */

let made = 0;
function next(count: number): UsageRecord[] {
  return Array.from({ length: count }, (): UsageRecord => {
    const i = made++;
    return {
      usage_id: `id-${i}`,
      provider: `provider-${i % 3}`,
      model: `model-${i % 17}`,
      operation: 'chat',
      input_tokens: i,
      output_tokens: i % 7,
      total_tokens: i + (i % 7),
      cost_usd: i / 1e6,
      cost_known: i % 5 > 0,
      billing_mode: 'known',
      timestamp: new Date(1_700_000_000_000 + i * 60_000).toISOString(),
      ...(i % 4 === 0 ? { tags: [`tag-${i % 6}`, 'all'] } : {}),
      ...(i % 3 === 0 ? { project: `project-${i % 50}`, branch: null } : {}),
    };
  });
}

it('seals what the rows say, whichever way the records came', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-appender-'));
  const ledger = new CostTracker({ ledger: join(folder, 'costs.db'), pricing: false });
  try {
    await ledger.trackAll(next(900));
    const known = next(3_000);
    expect(await ledger.upsert(() => known)).toEqual({ added: 3_000, replaced: 0 });
    // A batch that is refused leaves no trace, also where it would have filled a segment.
    const refused = [...next(500), { ...known[0]!, model: 'another' }, ...next(10)];
    await expect(ledger.trackAll(refused)).rejects.toThrow(/model/);
    // As other programs write them: the text alone says what is read.
    const odd = next(2_000).map((record, i) => ({
      ...record,
      total_tokens: 0,
      tags: null as unknown as string[],
      cost_usd: i % 2 === 0 ? 5_000_000 : record.cost_usd,
    }));
    await ledger.adopt(odd.map((record) => ({ record, text: JSON.stringify(record) })));
    await ledger.adopt(next(1).map((record) => ({ record, text: '[]' })));
    await ledger.remove(known.slice(0, 50).map(({ usage_id }) => usage_id));
    await ledger.undo();
    await ledger.trackAll(next(SEGMENT_SPAN));
    const { problems, records, unreadable } = await ledger.verify();
    expect([unreadable, problems.map(({ message }) => message)]).toEqual([
      1,
      ['1 rows are not usage records; they are not counted.'],
    ]);
    expect(records).toBe(900 + 3_000 + 2_000 + SEGMENT_SPAN);
  } finally {
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
