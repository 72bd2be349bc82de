import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetLoss, lossNote, lossPath, lossProblem } from '../../../../src/ledger/loss.ts';
import { placeOf, type Place } from '../../../../src/ledger/place.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';

/** The note that a recovery may not have found every record. */

const ADVICE =
  '"llm-spend repair" (in the editor: Repair Ledger) searches again, accepts the result and ends this warning.';

let place: Place;
beforeEach(() => {
  place = placeOf(mkdtempSync(join(tmpdir(), 'llm-spend-loss-')), 'costs.json');
});
afterEach(() => rmSync(place.folder, { recursive: true, force: true }));

describe('a recovery that may not have found every record', () => {
  it('is an error of the ledger, in the words of the note, until it is forgotten', async () => {
    expect(await lossProblem(nodeDisk, place)).toBeUndefined();
    const file = lossPath(place);
    expect(file).toBe(join(place.folder, 'costs.json.incomplete'));
    const note = { at: '2026-11-01T00:00:00.000Z', text: 'costs.json was damaged: 3 records are missing.' };
    writeFileSync(file, lossNote(note));
    expect(await lossProblem(nodeDisk, place)).toEqual({
      code: 'incomplete',
      severity: 'error',
      message: `costs.json was damaged: 3 records are missing. ${ADVICE}`,
      file,
    });
    await forgetLoss(nodeDisk, place);
    expect(existsSync(file)).toBe(false);
    expect(await lossProblem(nodeDisk, place)).toBeUndefined();
    await forgetLoss(nodeDisk, place);
  });

  it.each(['', '{"at":"2026', '{"at":"2026-11-01T00:00:00.000Z","text":7}', 'null', '[]'])(
    'is one, too, when its note is %j',
    async (text) => {
      writeFileSync(lossPath(place), text);
      expect(await lossProblem(nodeDisk, place)).toMatchObject({
        message: `costs.json was recovered, and records may be missing. ${ADVICE}`,
      });
    },
  );

  it('is one, too, when its note disappears while it is read', async () => {
    const disk = { ...nodeDisk, isThereSync: () => true };
    expect(await lossProblem(disk, place)).toMatchObject({
      message: `costs.json was recovered, and records may be missing. ${ADVICE}`,
    });
  });
});
