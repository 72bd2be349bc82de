import { describe, expect, it } from 'vitest';
import { rowDescription, rowNames } from '../../../../src/host/breakdown/rowText.ts';

describe('the texts of a row', () => {
  it('leave out the middle of a name beside which the cost has no room', () => {
    const cost = '~$19.53 + 4 unpriced';
    expect(
      rowNames(
        [
          { name: 'claude-sonnet-4-5', cost },
          { name: 'deepseek/deepseek-r1-distill-llama-70b:free', cost: '$1.25' },
          { name: 'deepseek/deepseek-r1-distill-llama-70b:free', cost: '~$1,234,567,890.25' },
        ],
        2,
      ),
    ).toEqual(['claude-sonnet-4-5', 'deepseek/de…a-70b:free', 'deepse…:free']);
    expect(rowNames([{ name: '👩‍👩‍👧'.repeat(30), cost: '$1' }], 3)).toEqual([`${'👩‍👩‍👧'.repeat(11)}…${'👩‍👩‍👧'.repeat(11)}`]);
  });

  it('leave names whole that would read the same', () => {
    const names = ['meta-llama/llama-3.1-70b-instruct', 'meta-llama/llama-3.1-8b-instruct', 'a'];
    expect(
      rowNames(
        names.map((name) => ({ name, cost: '~$1,234.00' })),
        2,
      ),
    ).toEqual(names);
  });

  it('have a trend only where it has room after name and cost', () => {
    expect(rowDescription({ name: 'This week', cost: '~$12.31' }, 0, '▃█▄▆▇█▆')).toBe('~$12.31  ▃█▄▆▇█▆');
    expect(rowDescription({ name: 'This week', cost: '~$12.31 + 3 unpriced' }, 0, '▃█▄▆▇█▆')).toBe(
      '~$12.31 + 3 unpriced',
    );
    expect(rowDescription({ name: 'embedding-eval', cost: '~$2.46' }, 3, '█▄▆█')).toBe('~$2.46  █▄▆█');
    expect(rowDescription({ name: 'embedding-evals', cost: '~$2.46' }, 3, '█▄▆█')).toBe('~$2.46');
    expect(rowDescription({ name: 'Today', cost: 'nothing' }, 0)).toBe('nothing');
  });
});
