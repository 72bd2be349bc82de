import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A backup that is damaged itself gives what can be read of it, and stops no repair. */

const PAGE = 4096;
const COUNT = 1_200;
const place = scratch();
const backup = (): string => join(place.folder, 'costs.db.prev');
const ids = async (): Promise<string[]> => (await place.tracker().read()).map(({ usage_id }) => usage_id);
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `id-${i}`);

/** Overwrites the page that the text of a record is on. */
function overwritePageOf(file: string, id: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(`"usage_id":"${id}"`);
  bytes.fill(0xa5, at - (at % PAGE), at - (at % PAGE) + PAGE);
  writeFileSync(file, bytes);
}
const overwriteHeader = (file: string): void => writeFileSync(file, readFileSync(file).fill(0xa5, 0, PAGE));

beforeEach(async () => {
  await place.tracker().trackAll(names(COUNT).map((id) => call(id, { note: 'x'.repeat(100) })));
  await place.close();
});

it('a ledger that is overwritten as a whole gets the records before the damage of its backup', async () => {
  writeFileSync(place.path, readFileSync(place.path).fill(0xa5));
  overwritePageOf(backup(), 'id-1150');
  const { records, actions } = await place.tracker().repair();
  expect(records).toBe(1_000);
  expect(actions.slice(1)).toEqual([
    'records read from the damaged file: 0',
    'records restored from costs.db.prev: 1000',
    'costs.db rewritten; records in it: 1000',
  ]);
  expect(await ids()).toEqual(names(1_000));
});

it('a ledger that can be read has all its records, whatever its backup is', async () => {
  overwriteHeader(place.path);
  overwriteHeader(backup());
  expect(await place.tracker().repair()).toMatchObject({ records: COUNT, recovered: COUNT });
  expect(await ids()).toEqual(names(COUNT));
});

it.each<[string, (file: string) => void]>([
  ['the page with it', (file) => overwritePageOf(file, 'id-7')],
  ['the whole of it', (file) => writeFileSync(file, 'no database '.repeat(1_000))],
])('a row that is no record is taken out where the backup cannot give it: %s', async (_, damage) => {
  place.prompt((db) =>
    db.exec("UPDATE record SET text = '[]', cost_kind = 'unknown', cost_nanos = NULL WHERE usage_id = 'id-7'"),
  );
  damage(backup());
  const { records, recovered, actions } = await place.tracker().repair();
  expect([records, recovered, actions.length]).toEqual([COUNT - 1, 0, 1]);
  expect(await ids()).not.toContain('id-7');
  expect(place.files('.rows')).toHaveLength(1);
});

it('a row that is no record in the backup either is taken out', async () => {
  const spoil = "UPDATE record SET text = '[]', cost_kind = 'unknown', cost_nanos = NULL WHERE usage_id = 'id-7'";
  place.prompt((db) => db.exec(spoil));
  writeFileSync(backup(), readFileSync(place.path));
  expect(await place.tracker().repair()).toMatchObject({ records: COUNT - 1, recovered: 0 });
});
