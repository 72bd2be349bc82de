import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { isForeignActive } from '../../../../src/ledger/json/commit/inFlight.ts';
import { placeOf } from '../../../../src/ledger/place.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';

test('inkwell is active for ten seconds after it made a backup, whose time of change is that of an old version', () => {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-foreign-'));
  try {
    const place = placeOf(folder, 'costs.json');
    const active = (): boolean => isForeignActive(nodeDisk, place);
    expect(active()).toBe(false);
    const backup = join(folder, 'costs.json.bak');
    writeFileSync(backup, '[]');
    utimesSync(backup, 1_000, 1_000);
    const made = Date.now();
    const now = vi.spyOn(Date, 'now');
    const after = (ms: number): boolean => {
      now.mockReturnValue(made + ms);
      return active();
    };
    expect([after(0), after(8_000), after(12_000), after(-60_000)]).toEqual([true, true, false, false]);
  } finally {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  }
});
