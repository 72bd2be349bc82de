import { closeSync, openSync, readSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { llmSpend } from './harness.ts';
import { idsIn } from './plainly.ts';
import { placeOf } from './proof.ts';

/** A flipped bit in the header of a SQLite ledger, as its user sees it with the next command. */

const USER_VERSION = 60;
const APPLICATION_ID = 68;
const RECORD = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1'];

function flip(path: string, at: number, bits: number): void {
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  writeSync(fd, Buffer.of(byte[0]! ^ bits), 0, 1, at);
  closeSync(fd);
}

/** A ledger of two records without a backup, and one damaged byte. */
function damaged(ledger: string, at: number, bits: number): void {
  for (let i = 0; i < 2; i++) expect(llmSpend(ledger, ...RECORD).code).toBe(0);
  rmSync(`${ledger}.prev`, { force: true });
  flip(ledger, at, bits);
}

const DAMAGED = 'its header does not say that it is a ledger';

describe.each([
  ['the first byte of the application id', APPLICATION_ID, 0x01],
  ['the last byte of the application id', APPLICATION_ID + 3, 0x80],
  ['a version that no program has', USER_VERSION, 0x80],
  ['no version', USER_VERSION + 3, 0x01],
])('a flipped bit: %s', (_, at, bits) => {
  const place = placeOf('costs.db');

  it('is said by each command that reads, and mended by a repair', () => {
    const { ledger } = place;
    damaged(ledger, at, bits);
    const costs = llmSpend(ledger, 'costs');
    expect(costs.code).toBe(3);
    expect(costs.stderr).toContain(DAMAGED);
    expect(costs.stdout).toMatch(/^Ledger: .* \(0 records\)\n/);
    const verified = llmSpend(ledger, 'verify');
    expect(verified.code).toBe(3);
    expect(verified.stdout).toContain('is damaged.');
    expect(verified.stdout).toContain(DAMAGED);
    const repaired = llmSpend(ledger, 'repair');
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toContain('records read from the damaged file: 2');
    expect(idsIn(ledger)).toHaveLength(2);
    expect(llmSpend(ledger, 'verify').stdout).toContain('can be read, with warnings.\n2 records');
  });

  it('is mended by the next record, which keeps all', () => {
    const { ledger } = place;
    damaged(ledger, at, bits);
    expect(llmSpend(ledger, ...RECORD).code).toBe(0);
    expect(idsIn(ledger)).toHaveLength(3);
    expect(llmSpend(ledger, 'verify').code).toBe(0);
  });
});

describe('a flipped bit that makes the version that of a later program', () => {
  const place = placeOf('costs.db');

  it('leaves the file as it is, whatever the command: nobody can tell it from that of a later program', () => {
    const { ledger } = place;
    damaged(ledger, USER_VERSION + 3, 0x02);
    for (const args of [['costs'], RECORD, ['repair'], ['verify']]) {
      const { code, stdout, stderr } = llmSpend(ledger, ...args);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('was written by a newer version of LLM Spend. Update this one.');
    }
    expect(readdirSync(place.folder).filter((name) => name.includes('.corrupt.'))).toEqual([]);
    flip(ledger, USER_VERSION + 3, 0x02);
    expect(idsIn(ledger)).toHaveLength(2);
  });
});
