import { describe, expect, it } from 'vitest';
import { readRecordLine } from '../../../../src/usage/line/recordLine.ts';
import type { DecimalMark } from '../../../../src/usage/line/typedValues.ts';
import type { RecordLine } from '../../../../src/usage/line/recordLine.ts';

const MODELS = [
  'gpt 5',
  'gpt 5 mini',
  'claude opus 4 1',
  'sonnet 4 5',
  'gemini flash',
  'gpt 4 32k',
  'nova lite v1 0',
  'ada 002',
  'grok 12',
  'zen 1 25',
];
const NOW = new Date(2026, 10, 23, 12, 0).getTime();

/** A model fits when it holds all that was typed. */
function fit(text: string): 'whole' | 'part' | undefined {
  const typed = text.toLowerCase().split(/[\s.:-]+/);
  if (MODELS.includes(typed.join(' '))) return 'whole';
  return MODELS.some((model) => typed.every((part) => model.split(' ').includes(part))) ? 'part' : undefined;
}

const isProvider = (word: string): boolean => word === 'azure';

function read(line: string, mark: DecimalMark = '.'): Partial<RecordLine> {
  const { modelAt: _, ...rest } = readRecordLine(line, { fit, isProvider, mark, now: NOW });
  return rest;
}

describe('a line that records a call', () => {
  it.each<[string, Partial<RecordLine>]>([
    ['gpt-5 12k 800', { model: 'gpt-5', input: 12_000, output: 800 }],
    ['12k 800 gpt-5', { model: 'gpt-5', input: 12_000, output: 800 }],
    ['0.05 claude-opus review', { model: 'claude-opus', cost: 0.05, operation: 'review' }],
    ['$5 gpt-5', { model: 'gpt-5', cost: 5 }],
    ['gpt-5 1,234 56 1k', { model: 'gpt-5', input: 1234, output: 56, cacheRead: 1000 }],
    ['sonnet 4.5 12k 800', { model: 'sonnet 4.5', input: 12_000, output: 800 }],
    ['gpt 5 mini 1.5M 2k chat', { model: 'gpt 5 mini', input: 1_500_000, output: 2000, operation: 'chat' }],
    ['azure gpt-5 12k', { model: 'gpt-5', provider: 'azure', input: 12_000 }],
    ['gpt-5 azure review 12k', { model: 'gpt-5', provider: 'azure', operation: 'review', input: 12_000 }],
    ['gpt-5 op:azure 12k', { model: 'gpt-5', operation: 'azure', input: 12_000 }],
    ['gpt-5 review 800', { model: 'gpt-5', operation: 'review', input: 800 }],
    ['"my model" 1k', { model: 'my model', input: 1000 }],
    ['other-model 1k', { model: 'other-model', input: 1000 }],
    ['nova-lite-v1:0 1k', { model: 'nova-lite-v1:0', input: 1000 }],
    [
      'gpt-5 in:12k out:800 cached:1k op:review provider:azure project:site #a #b note:"two words"',
      {
        model: 'gpt-5',
        input: 12_000,
        output: 800,
        cacheRead: 1000,
        operation: 'review',
        provider: 'azure',
        project: 'site',
        tags: ['a', 'b'],
        note: 'two words',
      },
    ],
    ['gpt-5 1k at:09:30', { model: 'gpt-5', input: 1000, time: new Date(2026, 10, 23, 9, 30).toISOString() }],
    ['gpt-5 1k project:', { model: 'gpt-5', input: 1000 }],
    // Tokens by their keys and their order; a field that a key gave is not filled again.
    ['gpt-5 12k 800 5k', { model: 'gpt-5', input: 12_000, output: 800, cacheRead: 5000 }],
    [
      'gpt-5 in:12k cache:1k written:2k 800',
      { model: 'gpt-5', input: 12_000, output: 800, cacheRead: 1000, cacheWrite: 2000 },
    ],
    ['gpt-5 input:12k output:800', { model: 'gpt-5', input: 12_000, output: 800 }],
    ['gpt-5 cached:1k 12k', { model: 'gpt-5', input: 12_000, cacheRead: 1000 }],
    ['gpt-5 12k cached:12k', { model: 'gpt-5', input: 12_000, cacheRead: 12_000 }],
    [
      'gpt-5 12 k 800 tokens, 2 m',
      {
        model: 'gpt-5',
        input: 12_000,
        output: 800,
        cacheRead: 2_000_000,
        problem: 'The cached tokens are part of the input tokens, and there are more of them',
      },
    ],
    ['gpt-5 3 mio tok 5 mln Token', { model: 'gpt-5', input: 3_000_000, output: 5_000_000 }],
    ['gpt-5 12k, 800;', { model: 'gpt-5', input: 12_000, output: 800 }],
    ['gpt-5 0.05$', { model: 'gpt-5', cost: 0.05 }],
    ['gpt-5 5usd', { model: 'gpt-5', cost: 5 }],
    ['gpt-5 1.5e-3', { model: 'gpt-5', cost: 0.0015 }],
    ['gpt-5 .5', { model: 'gpt-5', cost: 0.5 }],
    ['gpt-5 cost:0.25 operation:chat', { model: 'gpt-5', cost: 0.25, operation: 'chat' }],
    ['MODEL:other 1k', { model: 'other', input: 1000 }],
    ['model:"my model" gpt 1k', { model: 'my model', operation: 'gpt', input: 1000 }],
    ['gpt-5 tag:a tags:b,c #d #b', { model: 'gpt-5', tags: ['a', 'b', 'c', 'd'] }],
    ['gpt-5 # 1k', { model: 'gpt-5', operation: '#', input: 1000 }],
    ['gpt-5 0.02 $', { model: 'gpt-5', cost: 0.02 }],
    ['gpt-5 1k 500 0.02 USD', { model: 'gpt-5', input: 1000, output: 500, cost: 0.02 }],
    ['gpt-5 op:batch 1k', { model: 'gpt-5', operation: 'batch', input: 1000 }],
    ['gpt-5 op:sonnet 1k', { model: 'gpt-5', operation: 'sonnet', input: 1000 }],
    ['gpt-5 note:"" project:x', { model: 'gpt-5', note: '', project: 'x' }],
    ['gpt-5 Azure', { model: 'gpt-5', provider: 'azure' }],
    ['gpt-5 azure op:x', { model: 'gpt-5', operation: 'x', provider: 'azure' }],
    // A number after a key fills the next field.
    ['gpt-5 in:2k 1k', { model: 'gpt-5', input: 2000, output: 1000 }],
    ['gpt-5 12k out:800 5k', { model: 'gpt-5', input: 12_000, output: 800, cacheRead: 5000 }],
    ['gpt-5 1k 2 cached:1', { model: 'gpt-5', input: 1000, output: 2, cacheRead: 1 }],
    ['gpt-5 in:0', { model: 'gpt-5', input: 0 }],
    // Versions of two digits, of two decimals, and with zeros in front.
    ['ada 002 5k', { model: 'ada 002', input: 5000 }],
    ['grok 12 5k', { model: 'grok 12', input: 5000 }],
    ['zen 1.25 5k', { model: 'zen 1.25', input: 5000 }],
    ['', { model: '' }],
    ['12k', { model: '', input: 12_000 }],
  ])('%s', (line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it('takes a number that reads in two ways for the model, where such a model exists', () => {
    expect(read('gpt 5 800')).toEqual({ model: 'gpt 5', input: 800 });
    // A unit makes it a number of tokens.
    expect(read('gpt-4 32k 800')).toEqual({ model: 'gpt-4', input: 32_000, output: 800 });
  });

  it('reads a decimal comma where the language has it', () => {
    expect(read('gpt-5 0,05', ',')).toEqual({ model: 'gpt-5', cost: 0.05 });
    expect(read('gpt-5 12,000', ',').problem).toContain('can be tokens or a cost');
    expect(read('gpt-5 0.035')).toEqual({ model: 'gpt-5', cost: 0.035 });
    expect(read('gpt-5 $12.000').cost).toBe(12);
    expect(read('gpt-5 12.000 1,5k', ',')).toEqual({ model: 'gpt-5', input: 12_000, output: 1500 });
  });

  it.each([
    ['gpt-5 -5', '"-5" is not a number here'],
    ['gpt-5 1,5', '"1,5" is not a number here'],
    ['gpt-5 12.000', '"12.000" can be tokens or a cost: write the digits alone, or $12.000'],
    ['gpt-5 1e4', '"1e4" can be tokens or a cost: write the digits alone, or $1e4'],
    ['gpt-5 1 2 3 4', 'There are more numbers than input, output and cached tokens: 4'],
    ['gpt-5 0.05 0.06', 'Cost is given twice'],
    ['gpt-5 in:1k in:2k', 'Input tokens is given twice'],
    ['gpt-5 in:0 in:2k', 'Input tokens is given twice'],
    // A number before the key of the field that it would be.
    ['gpt-5 1k in:2k', 'Input tokens is given twice'],
    ['1k gpt-5 in:2k out:5', 'Input tokens is given twice'],
    ['gpt-5 1k 2k out:5', 'Output tokens is given twice'],
    ['gpt-5 4k 5 1k cached:2', 'Cached tokens is given twice'],
    ['gpt-5 azure provider:x', 'Provider is given twice'],
    ['gpt-5 model:other 1k', 'Model is given twice'],
    ['gpt-5 1k sonnet-4.5 500', 'Model is given twice'],
    ['gpt-5 "#a" 1k', 'Model is given twice'],
    // Words that are no operation: an unknown key, a tier with another price, a currency.
    ['gpt-5 1k 500 reasoning:200', '"reasoning:200" is not understood'],
    ['gpt-5 tier:batch 1k', '"tier:batch" is not understood'],
    ['gpt-5 1k 500 batch', '"batch" is not understood'],
    ['gpt-5 1k Flex', '"Flex" is not understood'],
    ['gpt-5 1k priority', '"priority" is not understood'],
    ['gpt-5 1k \u20AC', '"\u20AC" is not understood'],
    ['model:other sonnet 4.5 1k', 'Model is given twice'],
    ['model:a model:b', 'Model is given twice'],
    ['gpt-5 out:1 output:2', 'Output tokens is given twice'],
    ['gpt-5 cached:1 cache:2', 'Cached tokens is given twice'],
    ['gpt-5 written:1 written:2', 'Tokens written to the cache is given twice'],
    ['gpt-5 op:a operation:b', 'Operation is given twice'],
    ['gpt-5 provider:a provider:b', 'Provider is given twice'],
    ['gpt-5 project:a project:b', 'Project is given twice'],
    ['gpt-5 note:a note:b', 'Note is given twice'],
    ['gpt-5 at:09:30 time:10:30', 'Time is given twice'],
    ['gpt-5 written:2', 'The cached tokens are part of the input tokens, and there are more of them'],
    ['gpt-5 in:3 cached:2 written:2', 'The cached tokens are part of the input tokens, and there are more of them'],
    ['gpt-5 provider:""', 'Provider must not be empty'],
    ['gpt-5 in:1.5', 'Input tokens must be a whole number of tokens'],
    ['gpt-5 written:x', 'Tokens written to the cache must be a whole number of tokens'],
    ['gpt-5 12x', '"12x" is not a number here'],
    // The first of two problems.
    ['gpt-5 in:x out:y', 'Input tokens must be a whole number of tokens'],
    ['gpt-5 review again', '"again" is not understood'],
    ['gpt-5 cost:five', 'Cost must be a finite number of USD'],
    ['gpt-5 1k cached:2k', 'The cached tokens are part of the input tokens, and there are more of them'],
    ['gpt-5 1k at:25:00', expect.stringMatching(/^Time /)],
  ])('%s is refused: %s', (line, problem) => {
    expect(read(line).problem).toEqual(problem);
  });

  it('says where the model stands', () => {
    const line = '12k sonnet 4.5 800';
    const { modelAt } = readRecordLine(line, { fit, isProvider, mark: '.', now: NOW });
    expect(line.slice(modelAt?.start, modelAt?.end)).toBe('sonnet 4.5');
    const at = (text: string): string | undefined => {
      const { modelAt: place } = readRecordLine(text, { fit, isProvider, mark: '.', now: NOW });
      return place && text.slice(place.start, place.end);
    };
    expect([at('12k model:"my model" 5'), at('12k')]).toEqual(['model:"my model"', undefined]);
  });
});
