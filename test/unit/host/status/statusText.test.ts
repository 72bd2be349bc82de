import { describe, expect, it } from 'vitest';
import { statusLabel, statusText, statusTooltip } from '../../../../src/host/status/statusText.ts';
import type { StatusModel } from '../../../../src/host/status/statusText.ts';
import type { SpendSummary } from '../../../../src/usage/summary.ts';
import { t, totals } from '../totals.ts';

const STYLE = { locale: 'en-US', t };
const LINKS = {
  open: 'command:open',
  record: 'command:record',
  verify: 'command:verify',
  prices: 'command:prices',
  updatePrices: 'command:updatePrices',
  team: 'command:team',
};
const NOTHING: SpendSummary = {
  today: totals(),
  week: totals(),
  month: totals(),
  all: totals(),
  topModels: [],
  forecastNanos: undefined,
};
const model = (given: Partial<StatusModel> = {}): StatusModel => ({
  health: 'ok',
  problems: [],
  warnings: [],
  period: 'today',
  spend: NOTHING,
  ...given,
});

describe('statusText', () => {
  it('waits for the ledger', () => {
    expect(statusText(model({ health: 'loading', spend: undefined }), STYLE)).toBe('$(credit-card) …');
  });

  it('does not load the locale, which takes long, before there is an amount', () => {
    const loading = model({ health: 'loading', spend: undefined });
    const style = {
      t,
      get locale(): string {
        throw new Error('loaded');
      },
    };
    expect(statusText(loading, style)).toBe('$(credit-card) …');
    expect(statusTooltip(loading, LINKS, style)).toContain('**LLM Spend**');
    expect(statusLabel(loading, style)).toBe('LLM spend: reading the ledger');
  });

  it('shows an empty ledger as what it is', () => {
    expect(statusText(model({ health: 'missing' }), STYLE)).toBe('$(credit-card) $0.00');
  });

  it('shows the asked period, and never hides an unknown cost', () => {
    const today = totals({ records: 14, recordedNanos: 4_200_000_000n, unpriced: 12 });
    const month = totals({ records: 1, recordedNanos: 1_000n });
    const spend = { ...NOTHING, today, month };
    expect(statusText(model({ spend }), STYLE)).toBe('$(credit-card) $4.20 + 12 unpriced');
    expect(statusText(model({ spend, period: 'month' }), STYLE)).toBe('$(credit-card) $0.000001');
  });

  it('warns of damage beside the sum of the rest, and of a ledger that cannot be opened', () => {
    const five = totals({ records: 1, recordedNanos: 5_000_000_000n });
    const spend = { ...NOTHING, today: five, all: five };
    expect(statusText(model({ health: 'damaged' }), STYLE)).toBe('$(warning) unreadable');
    expect(statusText(model({ health: 'damaged', spend }), STYLE)).toBe('$(warning) $5.00');
    // This workspace has no record, others have.
    const ofOthers = model({ health: 'damaged', scope: 'site', hasUsage: true });
    expect(statusText(ofOthers, STYLE)).toBe('$(warning) $0.00');
    expect(statusText(model({ health: 'unavailable', spend: undefined }), STYLE)).toBe('$(warning) no ledger');
  });
});

describe('a warning of a ledger whose records are all counted', () => {
  const warnings = ['Records cannot get into [costs.json](command:quit): it is immutable'];

  it('changes the icon, and leaves the amount', () => {
    expect(statusText(model({ warnings }), STYLE)).toBe('$(warning) $0.00');
    expect(statusLabel(model({ warnings }), STYLE)).toBe('LLM spend, Today: $0.00. The ledger needs attention');
  });

  it('is in the tooltip, as text, with the way to the details', () => {
    const tooltip = statusTooltip(model({ warnings }), LINKS, STYLE);
    expect(tooltip).toContain('**Warning:** Records cannot get into');
    expect(tooltip).not.toContain('](command:quit)');
    expect(tooltip).toContain('[Verify Ledger](command:verify)');
  });
});

describe('statusLabel', () => {
  it('says the period, the cost and the damage', () => {
    expect(statusLabel(model(), STYLE)).toBe('LLM spend, Today: $0.00');
    expect(statusLabel(model({ health: 'damaged' }), STYLE)).toBe('LLM spend, Today: $0.00. The ledger is damaged');
    expect(statusLabel(model({ health: 'loading', spend: undefined }), STYLE)).toBe('LLM spend: reading the ledger');
  });
});

describe('statusTooltip', () => {
  it('is a table of the periods', () => {
    const all = totals({ records: 1234, totalTokens: 5_600_000, recordedNanos: 12_000_000_000n });
    expect(
      statusTooltip(model({ spend: { ...NOTHING, all } }), LINKS, STYLE)
        .replaceAll('&nbsp;', '')
        .split('\n'),
    ).toEqual([
      '**LLM Spend**',
      '',
      '|  | Cost | Calls | Tokens |',
      '|:--|--:|--:|--:|',
      '| **Today** | &#36;0&#46;00 | 0 | 0 |',
      '| This week | &#36;0&#46;00 | 0 | 0 |',
      '| This month | &#36;0&#46;00 | 0 | 0 |',
      '| All time | &#36;12&#46;00 | 1,234 | 5.6M |',
      '',
      '[Open Cost History](command:open) · [Record Usage](command:record)',
    ]);
  });

  it('says once how old the prices are, with the way to newer ones', () => {
    const five = totals({ records: 1, estimated: 1, estimatedNanos: 5_000_000_000n });
    const spend = { ...NOTHING, today: five, month: five, all: five };
    const said = (text: string): string[] => text.match(/.*days old.*/g) ?? [];
    expect(said(statusTooltip(model({ spend, priceDays: 38 }), LINKS, STYLE))).toEqual([
      'The prices are 38 days old. [Download](command:updatePrices)',
    ]);
    expect(said(statusTooltip(model({ spend }), LINKS, STYLE))).toEqual([]);
  });

  it('says where the month is heading', () => {
    const spend = { ...NOTHING, forecastNanos: 61_500_000_000n };
    expect(statusTooltip(model({ spend }), LINKS, STYLE)).toContain('Projected for this month&#58; &#36;61&#46;50');
  });

  it('has no link, table or markup but its own', () => {
    const hostile = '[x](command:quit) | <b>$(trash)\u202E';
    const spend = { ...NOTHING, topModels: [{ model: hostile, totals: totals({ records: 1 }) }] };
    const text = statusTooltip(model({ spend, health: 'damaged', problems: [hostile] }), LINKS, STYLE);
    expect([...text.matchAll(/\]\(([^)]*)\)/g)].map((match) => match[1])).toEqual([
      'command:verify',
      'command:open',
      'command:record',
    ]);
    expect(text).not.toContain('<b>');
    expect(text).not.toContain('$(');
    expect(text).not.toContain('\u202E');
  });
});

describe('the trend in the tooltip', () => {
  const days = ['2026-03-16', '2026-03-17', '2026-03-18'];

  it('has a mark for each day, and names the highest one', () => {
    const tooltip = statusTooltip(model({ trend: { amounts: [10n, 0n, 70n], days } }), LINKS, STYLE);
    expect(tooltip).toContain('Last 3 days: ▂▁█ (highest on Mar 18)');
    const german = statusTooltip(model({ trend: { amounts: [70n, 70n, 0n], days } }), LINKS, {
      ...STYLE,
      locale: 'de-DE',
    });
    expect(german).toContain('██▁ (highest on 16. März)');
  });

  it('is absent without costs', () => {
    expect(statusTooltip(model({ trend: { amounts: [0n, 0n, 0n], days } }), LINKS, STYLE)).not.toContain('Last');
  });
});

it('names the agent of a quota as its sample does, where it is not known', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  const quota = ['codex', 'constructor', '__proto__'].map((agent) => ({
    sample: { agent, name: 'week', usedPercent: 31, resetsAt: now + 1, lengthMs: 7 * 86_400_000, at: now - 180_000 },
    end: undefined,
  }));
  const lines = statusTooltip(model({ quota, now }), LINKS, STYLE).match(/.*as of.*/g) ?? [];
  const read = (text: string): string => text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  expect(lines.map(read)).toEqual([
    'Codex, week: 31 % (as of 3 min ago)',
    'constructor, week: 31 % (as of 3 min ago)',
    '__proto__, week: 31 % (as of 3 min ago)',
  ]);
});
