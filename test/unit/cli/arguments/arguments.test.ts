import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amount, choice, collect, positive, wholeNumber } from '../../../../src/cli/arguments/arguments.ts';
import { CliError, EXIT } from '../../../../src/cli/output/exit.ts';

function refusal(action: () => unknown): CliError {
  try {
    action();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('wholeNumber', () => {
  it('takes digits', () => {
    expect(wholeNumber('--input-tokens', '0')).toBe(0);
    expect(wholeNumber('--input-tokens', '9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '1e3',
    '1.5',
    '1.0',
    '0x10',
    '-1',
    '+1',
    '1_000',
    '1,000',
    'NaN',
    'Infinity',
    '١',
    '1n',
  ])('refuses %j with flag, value and rule', (text) => {
    const error = refusal(() => wholeNumber('--input-tokens', text));
    expect(error.exitCode).toBe(EXIT.usage);
    expect(error.field).toBe('--input-tokens');
    expect(error.message).toContain('--input-tokens: must be a whole number');
    expect(error.message).toContain(JSON.stringify(text));
  });

  it('refuses what a number cannot hold exactly', () => {
    expect(refusal(() => wholeNumber('--x', '9007199254740992')).message).toContain('must be at most 9007199254740991');
  });

  it('gives every safe integer back', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (n) => wholeNumber('--x', String(n)) === n));
  });
});

describe('positive', () => {
  it('starts at one', () => {
    expect(positive('--recent', '1')).toBe(1);
    for (const text of ['0', '-1', '1.5', '']) expect(refusal(() => positive('--recent', text)).exitCode).toBe(2);
  });
});

describe('amount', () => {
  it('takes USD as programs print them', () => {
    for (const [text, usd] of [
      ['0', 0],
      ['0.0042', 0.0042],
      ['.5', 0.5],
      ['4.', 4],
      ['4.2e-3', 0.0042],
      ['1E2', 100],
    ] as const) {
      expect(amount('--cost-usd', text)).toBe(usd);
    }
  });

  it.each([
    '',
    ' ',
    ' 1',
    '-1',
    '-0',
    '+1',
    '$1',
    '1,5',
    '1 000',
    'NaN',
    'Infinity',
    '0x1',
    '1e999',
    '1e',
    '.',
    'e5',
    '1USD',
  ])('refuses %j', (text) => {
    const error = refusal(() => amount('--cost-usd', text));
    expect(error.message).toContain('--cost-usd: must be a non-negative amount of USD');
  });

  it('reads what JavaScript prints', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
        (usd) => amount('--x', String(Math.abs(usd))) === usd,
      ),
    );
  });
});

describe('choice', () => {
  it('ignores case, and names the choices', () => {
    expect(choice('--by', 'DAY', ['day', 'week'])).toBe('day');
    expect(refusal(() => choice('--by', 'fortnight', ['day', 'week'])).message).toContain(
      'one of day, week (got "fortnight")',
    );
  });
});

it('collects what is given several times', () => {
  expect(collect('b', collect('a', undefined))).toEqual(['a', 'b']);
});

it('cuts a long value in its error', () => {
  expect(refusal(() => wholeNumber('--x', 'y'.repeat(5000))).message.length).toBeLessThan(300);
});
