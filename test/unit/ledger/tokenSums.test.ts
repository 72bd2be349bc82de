import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { totalsJson } from '../../../src/cli/output/json.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { SEGMENT_SPAN } from '../../../src/ledger/sqlite/columns/columnNumbers.ts';
import { LedgerView } from '../../../src/ledger/view.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { decodeGroups, encodeGroups } from '../../../src/protocol/wire.ts';
import { jsonText } from '../../../src/usage/jsonText.ts';
import type { AggregateQuery } from '../../../src/usage/query.ts';
import { usage } from '../usage/records.ts';

/** Counts of a record are safe integers; sums of them are exact beyond 2^53 in every store and on every way out. */

const LARGEST = Number.MAX_SAFE_INTEGER;
const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const byModel: AggregateQuery = { filter: {}, groupBy: ['model'], calendar };
const everything: AggregateQuery = { filter: {}, groupBy: [], calendar };

const inputs = fc
  .sample(fc.tuple(fc.constantFrom('a', 'b'), fc.oneof(fc.constant(LARGEST), fc.maxSafeNat(), fc.nat(1000))), {
    numRuns: SEGMENT_SPAN + 200,
    seed: 5,
  })
  .map(([model, tokens], i) =>
    usage({ usage_id: `id-${i}`, model, input_tokens: tokens, total_tokens: LARGEST - (i % 2) }),
  );

/** The oracle: counts as bigints. */
const sum = (records: typeof inputs, field: 'input_tokens' | 'total_tokens'): bigint =>
  records.reduce((total, record) => total + BigInt(record[field]), 0n);

it.each(['costs.json', 'costs.db'])('are exact in %s, in a view, over the wire and in JSON', async (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-tokens-'));
  const ledger = new CostTracker({ ledger: join(folder, name), pricing: false });
  const second = new CostTracker({ ledger: join(folder, `second-${name}`), pricing: false });
  try {
    const [one, two] = [inputs.slice(0, -50), inputs.slice(-50)];
    await ledger.adopt(one.map((record) => ({ record, text: JSON.stringify(record) })));
    await second.adopt(two.map((record) => ({ record, text: JSON.stringify(record) })));
    const view = new LedgerView([ledger, second]);
    await view.refresh();

    const [all] = await ledger.aggregate(everything);
    expect(all?.totals).toMatchObject({
      records: one.length,
      inputTokens: sum(one, 'input_tokens'),
      outputTokens: one.length * 20,
      totalTokens: sum(one, 'total_tokens'),
    });
    const groups = await view.aggregate(byModel);
    expect(new Set(groups.map(({ key, totals }) => [key[0], totals.inputTokens, totals.totalTokens]))).toEqual(
      new Set(
        ['a', 'b'].map((model) => {
          const of = inputs.filter((record) => record.model === model);
          return [model, sum(of, 'input_tokens'), sum(of, 'total_tokens')];
        }),
      ),
    );
    expect(decodeGroups(structuredClone(encodeGroups(groups)))).toEqual(groups);

    const text = jsonText(totalsJson(await view.summary()));
    expect(text).toContain(`"input_tokens":${sum(inputs, 'input_tokens')},`);
    expect(text).toContain(`"output_tokens":${inputs.length * 20},`);
    expect(text).toContain(`"total_tokens":${sum(inputs, 'total_tokens')},`);
  } finally {
    await Promise.all([ledger.close(), second.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
});

it('are compared to the last token when a ledger is migrated', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-tokens-'));
  const from = new CostTracker({ ledger: join(folder, 'costs.json'), pricing: false });
  const to = new CostTracker({ ledger: join(folder, 'costs.db'), pricing: false });
  try {
    const records = inputs.slice(0, 20);
    await from.adopt(records.map((record) => ({ record, text: JSON.stringify(record) })));
    await from.flush();
    const { months, mismatches } = await migrate(from, to);
    expect(mismatches).toEqual([]);
    expect(months).toMatchObject([{ records: 20, tokens: sum(records, 'total_tokens') }]);
  } finally {
    await Promise.all([from.close(), to.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
});
