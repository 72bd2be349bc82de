import { expect, it } from 'vitest';
import { Pages } from '../../../../../src/ledger/sqlite/repair/pages.ts';
import { call, stored } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

const place = scratch();

it('the pages of a ledger say which records were removed and which were replaced', async () => {
  const ledger = place.tracker();
  await ledger.trackAll(['a', 'b', 'c'].map((id) => call(id)));
  await ledger.remove(['a', 'c']);
  await place.close();
  await place.store().replace(() => [stored(call('b', { note: 'mine' }))], true);
  await place.close();
  const pages = new Pages(place.path);
  try {
    const found = [];
    for await (const cell of pages.changes(new Set())) found.push(cell);
    expect(found).toHaveLength(5);
    expect(found).toEqual(
      expect.arrayContaining([
        { change: 1, op: 'remove' },
        { change: 1, usage_id: 'a' },
        { change: 1, usage_id: 'c' },
        { change: 2, op: 'replace' },
        { change: 2, usage_id: 'b' },
      ]),
    );
  } finally {
    pages.close();
  }
});
