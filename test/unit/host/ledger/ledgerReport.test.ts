import { describe, expect, it } from 'vitest';
import { repairSteps, undoName, verdict, verificationReport } from '../../../../src/host/ledger/ledgerReport.ts';
import type { Verification } from '../../../../src/ledger/results.ts';
import { t } from '../totals.ts';

const STYLE = { locale: 'en-US', t };
const found = (given: Partial<Verification> = {}): Verification => ({
  path: '/home/me/costs.json',
  health: 'ok',
  problems: [],
  records: 0,
  pending: 0,
  unreadable: 0,
  bytes: 2,
  files: [],
  ...given,
});

describe('verificationReport', () => {
  it('says that an empty ledger is sound', () => {
    expect(verificationReport([found()], STYLE)).toBe(
      [
        '/home/me/costs.json',
        '===================',
        '',
        'The ledger is sound: no records.',
        '',
        'Records                              0',
        'In a journal, not in the file yet    0',
        'Unreadable elements, kept unchanged  0',
        'Bytes                                2',
        '',
      ].join('\n'),
    );
  });

  it('names findings with their place, and files with their meaning, as harmless text', () => {
    const report = verificationReport(
      [
        found({
          health: 'damaged',
          problems: [
            { code: 'unreadable-element', severity: 'error', message: 'bad \u001B[2J cost', line: 7, offset: 99 },
          ],
          files: [{ path: '/home/me/costs.json.prev', role: 'previous', bytes: 1234, meaning: 'The version before' }],
        }),
      ],
      STYLE,
    );
    expect(report).toContain('Error: bad ␛[2J cost (line 7, byte 99)');
    expect(report).toContain('/home/me/costs.json.prev\n    The version before (1,234 bytes)');
  });
});

describe('verdict', () => {
  it.each([
    [found({ records: 1200 }), 'The ledger is sound: 1,200 records.'],
    [
      found({ records: 1200, problems: [{ code: 'not-committed', severity: 'warning', message: 'It is mounted.' }] }),
      'The ledger can be read: 1,200 records. Warnings: 1.',
    ],
    [found({ health: 'missing' }), 'There is no ledger yet at /home/me/costs.json.'],
    [found({ health: 'damaged', records: 3 }), 'The ledger is damaged; 3 records can be read.'],
    [found({ health: 'unavailable' }), 'The ledger cannot be opened.'],
  ])('%#', (verification, text) => {
    expect(verdict(verification, STYLE)).toBe(text);
  });
});

it('lists the steps of a repair', () => {
  const result = { actions: ['Write the ledger anew'], records: 5, recovered: 2, keptIn: undefined };
  expect(repairSteps(result, STYLE)).toBe('• Write the ledger anew\n• Recovered: 2 records');
});

it('names what undo takes back', () => {
  expect(undoName({ undone: 'remove', at: '', records: 3 }, STYLE)).toBe('removal of 3 records');
  expect(undoName({ undone: 'clear', at: '', records: 1200 }, STYLE)).toBe('clearing of 1,200 records');
});
