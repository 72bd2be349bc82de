import { describe, expect, it } from 'vitest';
import { previewText, repriceReport } from '../../../../src/host/prices/priceText.ts';
import { planReprice } from '../../../../src/pricing/reprice.ts';
import { loadPricer } from '../../../../src/pricing/price.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { t } from '../totals.ts';

const STYLE = { locale: 'en-US', t };

describe('prices in words', () => {
  it('say the price, or why there is none', async () => {
    const pricer = loadPricer();
    const usage = { provider: 'openai', model: 'gpt-5', input_tokens: 1000 };
    expect(previewText(pricer.price(usage), STYLE)).toBe('about $0.00125 (list price, gpt-5)');
    // $1.25 a million.
    const costs = [640_000, 1_000_000, 28_500].map((tokens) =>
      previewText(pricer.price({ ...usage, input_tokens: tokens }), STYLE),
    );
    expect(costs).toEqual([
      'about $0.80 (list price, gpt-5)',
      'about $1.25 (list price, gpt-5)',
      'about $0.0356 (list price, gpt-5)',
    ]);
    expect(previewText(pricer.price({ ...usage, model: 'x\u202E\n' }), STYLE)).toMatch(
      /^price unknown: .* no model "x/,
    );
  });

  it('report nothing to reprice, and changes as a table of harmless text', async () => {
    const pricer = loadPricer({ customPrices: [{ model: 'evil*', input: 1, output: 1 }] });
    const report = (records: UsageRecord[]): string =>
      repriceReport(
        { plan: planReprice(records, pricer, { day: '2026-11-23' }), changes: [], records: records.length },
        '/l.json',
        STYLE,
      );
    expect(report([])).toContain('All estimated costs match the current prices.');
    const plan = planReprice(
      [
        {
          usage_id: '1',
          provider: 'p\n',
          model: 'evil\u001B[31m',
          operation: 'o',
          input_tokens: 1_000_000,
          output_tokens: 0,
          total_tokens: 1_000_000,
          cost_usd: 0,
          cost_known: false,
          billing_mode: 'runtime_managed',
          timestamp: '2026-11-01T00:00:00Z',
        },
      ],
      pricer,
      { day: '2026-11-23' },
    );
    const changes = [{ usageId: '1', fields: plan.changes[0]!.fields as never }];
    const text = repriceReport({ plan, changes, records: 1 }, '/l.json', STYLE);
    expect(text).toMatch(/p +evil␛\[31m +was unknown +1 +unpriced +\$1\.00 +\+\$1\.00/);
  });
});
