import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A record has its id in two places. Where they differ, the index of ids, a third one, decides. */

const place = scratch();

it.each([
  ['the text', (bytes: Buffer) => bytes.indexOf('"usage_id":"id-2"') + '"usage_id":"'.length],
  // The column comes before the text, in the same row.
  ['the column', (bytes: Buffer) => bytes.lastIndexOf('id-2', bytes.indexOf('"usage_id":"id-2"'))],
])('a repair gives a record the id that the index names, where %s is damaged', async (_, idAt) => {
  await place.tracker().trackAll(['id-1', 'id-2', 'id-3'].map((id) => call(id, { project: `of ${id}` })));
  await place.close();
  rmSync(join(place.folder, 'costs.db.prev'));
  const bytes = readFileSync(place.path);
  bytes.write('id-X', idAt(bytes));
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
