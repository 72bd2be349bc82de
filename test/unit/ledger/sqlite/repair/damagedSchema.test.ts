import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A damaged letter in the texts of our tables, in which SQLite finds no damage: its names are simply other ones. */

const place = scratch();

/** A closed ledger with one of 20 records removed, in whose first page `text` has another last letter. */
async function damagedAt(text: string): Promise<void> {
  const ledger = place.tracker();
  await ledger.trackAll(Array.from({ length: 20 }, (_, i) => call(`id-${i}`)));
  await ledger.remove(['id-7']);
  await place.close();
  rmSync(`${place.path}.prev`, { force: true });
  const bytes = readFileSync(place.path);
  // The table that was made first stands last.
  const at = bytes.lastIndexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at + text.length - 1]! ^= 1;
  writeFileSync(place.path, bytes);
}

const COLUMNS =
  'usage_id time_ms cost_kind cost_nanos text number records earliest_ms stale key data epoch backup_ms op at file position'.split(
    ' ',
  );

describe('a database in which a name of our tables is damaged', () => {
  it.each(COLUMNS)('%s is damaged, takes the next record, and keeps all of them', async (column) => {
    await damagedAt(`\n  ${column}`);
    const ledger = place.tracker();
    expect((await ledger.verify()).health).toBe('damaged');
    await ledger.track(call('new'));
    expect(await ledger.refresh()).toMatchObject({ health: 'ok', records: 20 });
    expect((await ledger.read()).map(({ usage_id }) => usage_id)).not.toContain('id-7');
  });

  it.each(['record', 'segment_column', 'ledger', 'changed'])('%s is mended by a repair', async (table) => {
    await damagedAt(`CREATE TABLE ${table}`);
    const ledger = place.tracker();
    expect((await ledger.verify()).health).toBe('damaged');
    expect(await ledger.repair()).toMatchObject({ records: 19, recovered: 19 });
    expect(await ledger.refresh()).toMatchObject({ health: 'ok', records: 19 });
  });
});
