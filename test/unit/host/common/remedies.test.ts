import { expect, it } from 'vitest';
import { pathIn, remedyOf } from '../../../../src/host/common/remedies.ts';
import { LedgerError } from '../../../../src/library/index.ts';
import { PriceFileError } from '../../../../src/prices/files.ts';

it.each([
  [new LedgerError('damaged', 'x'), 'repair'],
  [new LedgerError('not-a-file', 'x'), 'settings'],
  [new LedgerError('no-access', 'x'), 'showFile'],
  [new LedgerError('busy', 'x'), undefined],
  [new PriceFileError('/a/prices.json is not valid JSON'), 'showFile'],
  [new Error('The setting llmSpend.ledgerPath must be an absolute path'), 'settings'],
  [new Error('something else'), undefined],
  ['a text', undefined],
])('%s: %s', (error, remedy) => {
  expect(remedyOf(error)).toBe(remedy);
});

it.each([
  ['/home/me/prices.json is not valid JSON (at 3).', '/home/me/prices.json'],
  [String.raw`C:\Users\me\costs.db cannot be read.`, String.raw`C:\Users\me\costs.db`],
  ['The file "/a/b.json" is read-only', '/a/b.json'],
  ['nothing here', undefined],
])('the file of %s', (message, path) => {
  expect(pathIn(message)).toBe(path);
});
