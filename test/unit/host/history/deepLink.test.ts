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

  it('leads nowhere else', () => {
    expect(choicesOfLink('/record', 'model=x')).toBeUndefined();
    expect(choicesOfLink('', '')).toBeUndefined();
  });
});
