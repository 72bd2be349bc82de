import { describe, expect, it } from 'vitest';
import { fieldProblem, readCost, readTags, readTime, readTokens } from '../../../../src/usage/line/typedValues.ts';

describe('readTokens', () => {
  it.each([
    ['', 0],
    ['  ', 0],
    ['0', 0],
    ['12000', 12_000],
    [' 12,000 ', 12_000],
    ['12_000', 12_000],
    ['1 234 567', 1_234_567],
    ['12k', 12_000],
    ['1.5M', 1_500_000],
    ['1.2345k', undefined],
    ['0.001k', 1],
  ])('reads %j as %j', (text, value) => {
    if (value === undefined) expect(readTokens(text)).toHaveProperty('problem');
    else expect(readTokens(text)).toEqual({ value });
  });

  it.each([
    ['12.000', 12_000],
    ['1,5M', 1_500_000],
    ['1.5M', 1_500_000],
    ['1.234.567', 1_234_567],
    ['12k', 12_000],
  ])('reads %j as %j with a decimal comma', (text, value) => {
    expect(readTokens(text, ',')).toEqual({ value });
  });

  it.each([
    ['-1', 'must not be negative'],
    ['1.5', 'must be a whole number of tokens'],
    ['1,50', 'must be a whole number of tokens'],
    ['ten', 'must be a whole number of tokens'],
    ['NaN', 'must be a whole number of tokens'],
    ['1e999', 'must be a whole number of tokens'],
    ['9007199254740993', 'must be at most 9007199254740991'],
  ])('refuses %j: %s', (text, problem) => {
    expect(readTokens(text)).toEqual({ problem });
  });
});

describe('readCost', () => {
  it.each([
    ['', undefined],
    ['0', 0],
    ['0.05', 0.05],
    ['$0.05', 0.05],
    ['$ .5', 0.5],
    ['0.05 USD', 0.05],
    ['1e-5', 0.00001],
    ['$1,234.50', 1234.5],
    ['12,345', 12_345],
    ['123,456', 123_456],
    ['$ 999,999.25 usd', 999_999.25],
    ['1,000,000', 1_000_000],
    ['5$', 5],
    ['+5', 5],
    ['5.', 5],
    ['1.5E3', 1500],
    ['2e+2', 200],
  ])('reads %j as %j', (text, value) => {
    expect(readCost(text)).toEqual({ value });
  });

  it.each([
    ['0,05', 0.05],
    ['1,5', 1.5],
    ['0.05', 0.05],
    ['0.125', 0.125],
    ['1.234,50', 1234.5],
    ['$0,05', 0.05],
  ])('reads %j as %j with a decimal comma', (text, value) => {
    expect(readCost(text, ',')).toEqual({ value });
  });

  it.each([
    ['-1', 'must not be negative'],
    ['0x10', 'must be a finite number of USD'],
    ['Infinity', 'must be a finite number of USD'],
    ['five', 'must be a finite number of USD'],
    ['1,5', 'must be a finite number of USD'],
    ['1234,567', 'must be a finite number of USD'],
    ['1,234,5', 'must be a finite number of USD'],
    ['1,234x', 'must be a finite number of USD'],
    ['x1,234', 'must be a finite number of USD'],
    ['1e', 'must be a finite number of USD'],
    ['.', 'must be a finite number of USD'],
    ['2000000', 'must be at most 1000000 (it is in USD)'],
  ])('refuses %j: %s', (text, problem) => {
    expect(readCost(text)).toEqual({ problem });
  });
});

describe('fieldProblem', () => {
  it('has the rules of the record', () => {
    expect(fieldProblem('model', 'gpt-5')).toBeUndefined();
    expect(fieldProblem('model', '')).toBe('must not be empty');
    expect(fieldProblem('model', 'x'.repeat(300))).toBe('must have at most 256 characters');
  });
});

const NOW = new Date(2026, 10, 23, 12, 0).getTime();

describe('readTime', () => {
  it.each([
    ['', undefined],
    ['2026-01-31T09:30:00+01:00', '2026-01-31T09:30:00+01:00'],
    ['2026-01-31 09:30', new Date(2026, 0, 31, 9, 30).toISOString()],
    ['9:05', new Date(2026, 10, 23, 9, 5).toISOString()],
  ])('reads %j', (text, value) => {
    expect(readTime(text, NOW)).toEqual({ value });
  });

  it.each(['yesterday', '25:00', '2026-02-31 09:30', '2026-13-01 09:30', '09:61'])('refuses %j', (text) => {
    expect(readTime(text, NOW)).toHaveProperty('problem');
  });
});

it('readTags refuses too many and too long ones', () => {
  expect(readTags('')).toEqual({ value: [] });
  expect(readTags(Array.from({ length: 100 }, (_, i) => i).join())).toHaveProperty('problem');
  expect(readTags('x'.repeat(300))).toHaveProperty('problem');
});
