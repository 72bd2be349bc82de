import { describe, expect, it } from 'vitest';
import { fieldProblem, readCost, readTokens } from '../../../../src/host/record/recordInput.ts';

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
  ])('reads %j as %j', (text, value) => {
    expect(readCost(text)).toEqual({ value });
  });

  it.each([
    ['-1', 'must not be negative'],
    ['0x10', 'must be a finite number of USD'],
    ['Infinity', 'must be a finite number of USD'],
    ['five', 'must be a finite number of USD'],
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
