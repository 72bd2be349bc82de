import { describe, expect, it } from 'vitest';
import { entryOf, FIT, fitOf, isWholeFit, queryOf } from '../../../../src/pricing/models/modelFit.ts';
import type { Fit } from '../../../../src/pricing/models/modelFit.ts';

const fit = (typed: string, model: string): Fit | undefined =>
  fitOf(queryOf(typed), entryOf({ provider: 'p', model, calls: 0, vendor: undefined, isRetired: false }));
/** The quality, and how much was not typed; with a `~` where a letter differs. */
const text = (typed: string, model: string): string | undefined => {
  const found = fit(typed, model);
  if (found === undefined) return undefined;
  const name = Object.keys(FIT)[found.rank];
  return `${name} ${found.left}${found.isTypo === true ? '~' : ''}`;
};

describe('how well a typed text fits a name', () => {
  it.each<[string, string, string | undefined]>([
    // The whole name.
    ['gpt-5', 'gpt-5', 'same 0'],
    ['gpt-5', 'GPT-5', 'same 0'],
    ['gpt5', 'gpt-5', 'compact 0'],
    ['gpt 5', 'GPT-5', 'compact 0'],
    ['command r+', 'command-r-plus', 'compact 0'],
    ['gpt-5-2025-08-07', 'gpt-5', 'snapshot 0'],
    ['gpt5', 'gpt-5-2025-08-07', 'snapshot 0'],
    // Words in any order; each that is not typed counts one.
    ['mini gpt 5', 'gpt-5-mini', 'parts 0'],
    ['mini', 'gpt-5-mini', 'parts 1'],
    ['gpt', 'gpt-5-mini', 'parts 1'],
    ['gpt 5', 'gpt-5-mini-high', 'parts 2'],
    ['mini mini', 'gpt-5-mini', undefined],
    // The beginning of a word counts half; the whole word is taken first.
    ['gpt 5 mi', 'gpt-5-mini', 'parts 0.5'],
    ['gpt mi', 'gpt-mini-mi', 'parts 1'],
    // A number that is not typed is another version, and numbers are consecutive.
    ['sonnet 4', 'claude-sonnet-4', 'parts 1'],
    ['sonnet 4', 'claude-sonnet-4-5', 'parts 2.5'],
    ['sonnet 5', 'claude-sonnet-4-5', 'parts 2.5'],
    ['sonnet 4.5', 'claude-sonnet-4-5', 'parts 1'],
    ['sonnet 4 6', 'claude-sonnet-4-5-6', undefined],
    ['sonnet 5 4', 'claude-sonnet-4-5', undefined],
    ['sonnet 7', 'claude-sonnet-4-5', undefined],
    ['sonnet', 'claude-sonnet-4-5', 'parts 1'],
    // 4.0 is 4, but 0 alone is 0.
    ['sonnet 4', 'claude-sonnet-4-0', 'parts 1'],
    ['sonnet 0', 'sonnet-0-x', 'parts 1'],
    // No part of the name: Bedrock's revision, and what the newest snapshot is called.
    ['nova pro', 'nova-pro:0', 'parts 0'],
    ['nova pro 1', 'nova-pro-v1:0', 'parts 1'],
    ['sonnet', 'sonnet-latest', 'parts 0'],
    ['latest sonnet', 'sonnet-4', 'parts 0'],
    // Words of another purpose count twice more.
    ...['image', 'audio', 'tts', 'live', 'realtime', 'transcribe', 'vision', 'guard'].map(
      (word): [string, string, string] => ['gpt', `gpt-${word}`, 'parts 3'],
    ),
    ['gpt image', 'gpt-4-image', 'parts 0'],
    // Letters and numbers that belong together.
    ['4o', 'gpt-4o', 'parts 1'],
    ['4o', 'o4-mini', 'parts 3'],
    ['4 o', 'o4-mini', 'parts 1'],
    // A part of a word.
    ['pt5', 'gpt-5', 'inside 1'],
    ['nnet', 'claude-sonnet-4', 'inside 9'],
    ['ni', 'mini', 'inside 2'],
    ['i', 'mini', undefined],
    ['mm', 'mini', undefined],
  ])('%s fits %s: %s', (typed, model, expected) => {
    expect(text(typed, model)).toBe(expected);
  });

  it.each([
    // Two letters are swapped.
    ['gtp', 'gpt', 'parts 0.5~'],
    ['gp', 'pg', undefined],
    ['sonnte', 'sonnet', 'parts 0.5~'],
    ['osnnet', 'sonnet', 'parts 0.5~'],
    ['sonnetx', 'sonnet', 'parts 0.5~'],
    // One is missing, added or replaced, in words of at least five.
    ['sonet', 'sonnet', 'parts 0.5~'],
    ['sonnnet', 'sonnet', 'parts 0.5~'],
    ['sonmet', 'sonnet', 'parts 0.5~'],
    ['xonnet', 'sonnet', 'parts 0.5~'],
    ['onne', 'sonne', 'parts 0.5~'],
    ['flsh', 'flash', 'parts 0.5~'],
    ['flsh', 'flask', undefined],
    ['mimi', 'mini', undefined],
    ['fls', 'flas', undefined],
    ['fsh', 'flash', undefined],
    // Two mistakes.
    ['sommet', 'sonnet', undefined],
    ['sont', 'sonnet', undefined],
    ['sonnetxx', 'sonnet', undefined],
    ['snonte', 'sonnet', undefined],
    // With the rest of the name.
    ['cluade sonnet 4', 'claude-sonnet-4', 'parts 0.5~'],
  ])('%s is mistyped for %s: %s', (typed, model, expected) => {
    expect(text(typed, model)).toBe(expected);
  });

  it('is of the whole name for the first three qualities', () => {
    expect(Object.values(FIT).map((rank) => isWholeFit({ rank, left: 0 }))).toEqual([true, true, true, false, false]);
  });
});

it('the parts of a name are its words and its numbers', () => {
  const known = { provider: 'p', calls: 0, vendor: undefined, isRetired: false };
  expect(entryOf({ ...known, model: 'Claude-Opus-4-0-latest:12' })).toEqual({
    known: { ...known, model: 'Claude-Opus-4-0-latest:12' },
    lower: 'claude-opus-4-0-latest:12',
    compact: 'claudeopus40latest12',
    base: 'claudeopus40latest12',
    words: ['claude', 'opus'],
    numbers: ['4'],
  });
  expect(entryOf({ ...known, model: 'gpt-5-2025-08-07' })).toMatchObject({
    base: 'gpt5',
    numbers: ['5', '2025', '08', '07'],
  });
  expect(entryOf({ ...known, model: 'v0' }).numbers).toEqual(['0']);
  expect(queryOf('gpt-4o mini/5')).toEqual({
    lower: 'gpt-4o mini/5',
    compact: 'gpt4omini5',
    base: 'gpt4omini5',
    words: ['gpt', 'o', 'mini'],
    numbers: ['4', '5'],
    chunks: ['gpt', '4o', 'mini', '5'],
  });
});
