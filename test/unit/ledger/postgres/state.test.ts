import { expect, it } from 'vitest';
import { stateOfLedger } from '../../../../src/ledger/postgres/state.ts';
import { LedgerError } from '../../../../src/ledger/results.ts';

const row = { seq: 9, epoch: 2, records: 7, changedAt: 1_700_000_000_000, foreign: 0 };
const nothing = { records: 0, pending: 0, unreadable: 0, bytes: 0, modifiedAt: undefined };

it('a ledger that does not exist is missing, which is no problem', () => {
  expect(stateOfLedger(undefined, undefined)).toEqual({ ...nothing, health: 'missing', problems: [] });
});

it('a sound ledger has its number of records and the time of its last change', () => {
  expect(stateOfLedger(row, undefined)).toEqual({
    ...nothing,
    health: 'ok',
    problems: [],
    records: 7,
    modifiedAt: 1_700_000_000_000,
  });
});

it('rows of another program are an error, and are not counted', () => {
  const message = '3 rows were written by another program and are no usage records; they are not counted.';
  expect(stateOfLedger({ ...row, foreign: 3 }, undefined)).toMatchObject({
    health: 'damaged',
    records: 7,
    unreadable: 3,
    problems: [{ code: 'unreadable-element', severity: 'error', message }],
  });
});

it('a server that cannot be used is said with its reason, and nothing is said of what was there before', () => {
  expect(stateOfLedger(row, new LedgerError('io', 'no server answers'))).toEqual({
    ...nothing,
    health: 'unavailable',
    problems: [{ code: 'unavailable', severity: 'error', message: 'no server answers' }],
  });
});
