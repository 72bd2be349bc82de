import { describe, expect, it } from 'vitest';
import { gridOf, columnsOf, RECORD_COLUMNS } from '../../../media/view/records/columns.ts';
import { moved, placeAt, sized, toggled } from '../../../media/model/columnChoice.ts';
import { parseChoices } from '../../../src/protocol/choices.ts';
import { FIELDS } from '../../../src/usage/fields.ts';

const keys = (columns: readonly { key: string }[]): string => columns.map(({ key }) => key).join(' ');
const three = [{ key: 'time' }, { key: 'model', width: 120 }, { key: 'cost' }];

describe('chosen columns', () => {
  it('are shown and hidden, and the last one stays', () => {
    expect(keys(toggled(three, 'tags'))).toBe('time model cost tags');
    expect(keys(toggled(three, 'model'))).toBe('time cost');
    expect(keys(toggled([{ key: 'cost' }], 'cost'))).toBe('cost');
  });

  it('move within the list, with their width', () => {
    expect(moved(three, 'model', 1)).toEqual([{ key: 'time' }, { key: 'cost' }, { key: 'model', width: 120 }]);
    expect(keys(moved(three, 'model', -5))).toBe('model time cost');
    expect(keys(moved(three, 'time', 99))).toBe('model cost time');
    expect(moved(three, 'absent', 1)).toBe(three);
  });

  it('have whole widths within the limits, or none', () => {
    expect(sized(three, 'cost', 99.6)[2]).toEqual({ key: 'cost', width: 100 });
    expect(sized(three, 'cost', -20)[2]).toEqual({ key: 'cost', width: 40 });
    expect(sized(three, 'cost', 90_000)[2]).toEqual({ key: 'cost', width: 1200 });
    expect(sized(three, 'model', undefined)[1]).toEqual({ key: 'model' });
  });

  it('are dropped at the column under the pointer', () => {
    expect([-5, 0, 99, 100, 250, 9999].map((x) => placeAt(x, [100, 200, 300]))).toEqual([0, 0, 0, 1, 2, 2]);
  });

  it('make the tracks of the list; unknown ones are left out', () => {
    expect(gridOf([{ key: 'cost', width: 60 }, { key: 'from a later version' }, { key: 'tokens' }])).toBe(
      '--tracks: 60px 84px; --least: 144px',
    );
    expect(gridOf([])).toBe('');
    expect(gridOf([{ key: 'unknown' }])).toBe('');
    expect(keys(columnsOf([{ key: 'unknown' }]))).toBe(
      'time model provider operation project source input output tokens cost',
    );
  });

  it('are offered for every field of a record', () => {
    expect(new Set(RECORD_COLUMNS.map(({ key }) => key)).size).toBe(RECORD_COLUMNS.length);
    // The flag `cost_known` shows in the cost; the ledger is no field.
    expect(RECORD_COLUMNS.length).toBe(FIELDS.length - 1 + 1);
  });

  it.each([
    [[{ key: 'a' }, { key: 'a' }]],
    [[{ key: '' }]],
    [[{ key: 'cost', width: 5 }]],
    [[{ key: 'cost', width: 1.5 }]],
    ['cost'],
    [Array.from({ length: 65 }, (_, at) => ({ key: `c${at}` }))],
  ])('that are invalid where they are stored become the usual ones: %j', (columns) => {
    expect(parseChoices({ columns, search: 'kept' })).toMatchObject({ columns: [], search: 'kept' });
  });
});
