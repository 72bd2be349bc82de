import { describe, expect, it } from 'vitest';
import { previewText, repriceReport } from '../../../../src/host/prices/priceText.ts';
import { emptyDraft, usageOf } from '../../../../src/host/record/recordDraft.ts';
import { readTags, readTime } from '../../../../src/host/record/recordInput.ts';
import { planReprice } from '../../../../src/pricing/reprice.ts';
import { loadPricer } from '../../../../src/pricing/price.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { t } from '../totals.ts';

const STYLE = { locale: 'en-US', t };
const NOW = new Date(2026, 10, 23, 12, 0).getTime();

describe('usageOf', () => {
  it('leaves out what was not typed', () => {
    expect(usageOf(emptyDraft({ provider: 'p', model: 'm', operation: 'o' }), NOW)).toEqual({
      provider: 'p',
      model: 'm',
      operation: 'o',
      input_tokens: 0,
      output_tokens: 0,
      source: 'manual',
    });
  });

  it('has everything that was', () => {
    const draft = emptyDraft({
      provider: 'p',
      model: 'm',
      operation: 'o',
      input: '12k',
      output: '1,000',
      cacheRead: '8k',
      cacheWrite: '1k',
      cost: '$0.5',
      project: ' site ',
      tags: 'a, b, a',
      note: ' n ',
      time: '09:30',
    });
    expect(usageOf(draft, NOW)).toMatchObject({
      input_tokens: 12_000,
      output_tokens: 1000,
      cache_read_tokens: 8000,
      cache_write_tokens: 1000,
      cost_usd: 0.5,
      project: 'site',
      tags: ['a', 'b'],
      note: 'n',
      timestamp: new Date(2026, 10, 23, 9, 30).toISOString(),
    });
  });
});

describe('readTime', () => {
  it.each([
    ['', undefined],
    ['2026-01-31T09:30:00+01:00', '2026-01-31T09:30:00+01:00'],
    ['2026-01-31 09:30', new Date(2026, 0, 31, 9, 30).toISOString()],
    ['9:05', new Date(2026, 10, 23, 9, 5).toISOString()],
  ])('reads %j', (text, value) => {
    expect(readTime(text, NOW)).toEqual({ value });
  });

  it.each(['yesterday', '25:00', '2026-02-31 09:30', '2026-13-01 09:30', '09:61'])('refuses %j', (text) => {
    expect(readTime(text, NOW)).toHaveProperty('problem');
  });
});

it('readTags refuses too many and too long ones', () => {
  expect(readTags('')).toEqual({ value: [] });
  expect(readTags(Array.from({ length: 100 }, (_, i) => i).join())).toHaveProperty('problem');
  expect(readTags('x'.repeat(300))).toHaveProperty('problem');
});

describe('prices in words', () => {
  it('say the price, or why there is none', async () => {
    const pricer = await loadPricer();
    const usage = { provider: 'openai', model: 'gpt-5', input_tokens: 1000 };
    expect(previewText(pricer.price(usage), STYLE)).toBe('about $0.00125 (list price, gpt-5)');
    expect(previewText(pricer.price({ ...usage, model: 'x\u202E\n' }), STYLE)).toMatch(
      /^price unknown: .* no model "x/,
    );
  });

  it('report nothing to reprice, and changes as a table of harmless text', async () => {
    const pricer = await loadPricer({ customPrices: [{ model: 'evil*', input: 1, output: 1 }] });
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
