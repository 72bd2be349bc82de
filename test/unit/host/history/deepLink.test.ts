import { describe, expect, it } from 'vitest';
import { choicesOfLink } from '../../../../src/host/history/deepLink.ts';

describe('a link to the cost history', () => {
  it.each([
    ['range=month&project=x', { range: { kind: 'month' }, values: { project: ['x'] }, search: '' }],
    ['model=a&model=b&search=two%20words', { values: { model: ['a', 'b'] }, search: 'two words' }],
    [
      'from=2026-01-01&to=2026-01-31',
      { range: { kind: 'dates', from: '2026-01-01', to: '2026-01-31' }, values: {}, search: '' },
    ],
    ['from=2026-01-01', { range: { kind: 'dates', from: '2026-01-01', to: '2026-01-01' }, values: {}, search: '' }],
    ['', { values: {}, search: '' }],
  ])('%s', (query, choices) => {
    expect(choicesOfLink('/history', query)).toEqual(choices);
  });

  it('ignores what is not known, and what is too much', () => {
    expect(choicesOfLink('/history', 'range=century&command=quit&__proto__=x')).toEqual({ values: {}, search: '' });
    const hostile = choicesOfLink('/history', `search=${'x'.repeat(10_000)}&model=${'y'.repeat(10_000)}`);
    expect(hostile).toEqual({ values: {}, search: '' });
    const script = '<img src=x onerror=alert(1)>';
    expect(choicesOfLink('/history', `project=${encodeURIComponent(script)}`)?.values).toEqual({ project: [script] });
  });

  it('keeps the valid filters beside one that is not, each value once', () => {
    const long = 'y'.repeat(2000);
    expect(choicesOfLink('/history', `project=x&project=x&model=${long}&model=a`)?.values).toEqual({
      project: ['x'],
      model: ['a'],
    });
  });

  it('has no range of days that do not exist', () => {
    const dates = (query: string): unknown => choicesOfLink('/history', query)?.range;
    expect(dates('from=2026-02-30&to=2026-03-31')).toEqual({ kind: 'last30days' });
    expect(dates('from=2026-02-28&to=2026-02-29')).toEqual({ kind: 'last30days' });
    expect(dates('from=2024-02-29&to=2024-02-29')).toEqual({ kind: 'dates', from: '2024-02-29', to: '2024-02-29' });
  });

  it('leads nowhere else', () => {
    expect(choicesOfLink('/record', 'model=x')).toBeUndefined();
    expect(choicesOfLink('', '')).toBeUndefined();
  });
});
