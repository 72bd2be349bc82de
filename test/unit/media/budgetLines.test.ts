import { describe, expect, test } from 'vitest';
import { budgetLines } from '../../../media/model/budgetLines.ts';
import type { ChartModel } from '../../../media/model/series.ts';
import type { BudgetRow } from '../../../src/protocol/budgetRow.ts';
import { DEFAULT_CHOICES } from '../../../src/protocol/choices.ts';
import { emptyTotals } from '../../../src/usage/query.ts';

const span = { since: 1000, until: 9000 };
const row = (more: Partial<BudgetRow> = {}): BudgetRow => ({
  name: 'site',
  amounts: '',
  label: '',
  state: 'below',
  percent: 10,
  figures: [],
  choices: { range: { kind: 'month' }, values: { project: ['a', 'b'] }, search: '' },
  ...span,
  bucket: 'month',
  size: 20,
  plan: false,
  scope: 'machine',
  ...more,
});
const chart: ChartModel = { bucket: 'day', measure: 'cost', series: [], columns: [], totals: emptyTotals() };
const choices = { ...DEFAULT_CHOICES, values: { project: ['b', 'a'] }, chart: 'cumulative' as const };
const LINE = [{ name: 'site', size: 20 }];

describe('the line of a budget', () => {
  test('is drawn where the cumulative chart adds up its period', () => {
    expect(budgetLines([row()], { choices, chart, span })).toEqual(LINE);
    expect(budgetLines([row()], { choices, chart, span: { ...span, until: 8000 } })).toEqual([]);
  });

  test('is drawn over bars that are its periods', () => {
    const bars = { ...choices, chart: 'bars' as const };
    expect(budgetLines([row()], { choices: bars, chart: { ...chart, bucket: 'month' }, span })).toEqual(LINE);
    expect(budgetLines([row()], { choices: bars, chart, span })).toEqual([]);
    const rolling = row();
    delete rolling.bucket;
    expect(budgetLines([rolling], { choices: bars, chart: { ...chart, bucket: 'month' }, span })).toEqual([]);
  });

  test('is not drawn over other records, tokens, days, or another currency', () => {
    const shown = { choices, chart, span };
    expect(budgetLines([row()], { ...shown, choices: { ...choices, values: { project: ['a'] } } })).toEqual([]);
    expect(budgetLines([row()], { ...shown, choices: { ...choices, search: 'x' } })).toEqual([]);
    expect(budgetLines([row()], { ...shown, choices: { ...choices, measure: 'tokens' } })).toEqual([]);
    expect(budgetLines([row()], { ...shown, choices: { ...choices, chart: 'calendar' } })).toEqual([]);
    const converted = row();
    delete converted.size;
    expect(budgetLines([converted], shown)).toEqual([]);
  });

  test('is not drawn over plan usage that the budget does not count', () => {
    const totals = { ...emptyTotals(), planNanos: 1n };
    const shown = { choices, chart: { ...chart, totals }, span };
    expect(budgetLines([row()], shown)).toEqual([]);
    expect(budgetLines([row({ plan: true })], shown)).toEqual(LINE);
  });
});
