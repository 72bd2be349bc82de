import { expect, it } from 'vitest';
import { call, stored } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

const place = scratch();

it('an addition that the database cannot take fails, and is not said to be refused for what it is', async () => {
  await place.tracker().track(call('a'));
  place.prompt((db) =>
    db.exec("CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'there is no room'); END"),
  );
  await expect(place.tracker().adopt([stored(call('b'))])).rejects.toThrow(/there is no room/);
  place.prompt((db) => db.exec('DROP TRIGGER full'));
  expect((await place.tracker().read()).map(({ usage_id }) => usage_id)).toEqual(['a']);
});
