import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A record has its id in two places. Where they differ, the index of ids, a third one, decides. */

const place = scratch();

const inText = (bytes: Buffer): number => bytes.indexOf('"usage_id":"id-2"') + '"usage_id":"'.length;
/** The column comes before the text, in the same row. */
const inColumn = (bytes: Buffer): number => bytes.lastIndexOf('id-2', bytes.indexOf('"usage_id":"id-2"'));

it.each([
  ['the text', 'id-X', inText],
  ['the column', 'id-X', inColumn],
  // Another record, of the same time and cost.
  ['the text', 'id-3', inText],
  ['the column', 'id-3', inColumn],
])('a repair gives a record the id that the index names, where %s is damaged and says %s', async (_, id, idAt) => {
  await place.tracker().trackAll(['id-1', 'id-2', 'id-3'].map((id) => call(id, { project: `of ${id}` })));
  await place.close();
  rmSync(join(place.folder, 'costs.db.prev'));
  const bytes = readFileSync(place.path);
  bytes.write(id, idAt(bytes));
  bytes.fill(0xa5, 0, 16);
  writeFileSync(place.path, bytes);
  expect(await place.tracker().repair()).toMatchObject({ records: 3 });
  const found = (await place.tracker().read()).map(({ usage_id, project }) => [usage_id, project] as const);
  expect(new Map(found)).toEqual(
    new Map([
      ['id-1', 'of id-1'],
      ['id-2', 'of id-2'],
      ['id-3', 'of id-3'],
    ]),
  );
  expect((await place.tracker().verify()).problems.filter(({ severity }) => severity === 'error')).toEqual([]);
});

it('a repair keeps equal calls apart, of which one got the id of the other', async () => {
  await place.tracker().trackAll(['id-1', 'id-2', 'id-3'].map((id) => call(id)));
  await place.close();
  rmSync(join(place.folder, 'costs.db.prev'));
  const bytes = readFileSync(place.path);
  bytes.write('id-3', inColumn(bytes));
  bytes.fill(0xa5, 0, 16);
  writeFileSync(place.path, bytes);
  expect(await place.tracker().repair()).toMatchObject({ records: 3 });
  expect((await place.tracker().read()).map(({ usage_id }) => usage_id).toSorted()).toEqual(['id-1', 'id-2', 'id-3']);
});
