import { describe, expect, it } from 'vitest';
import { lineChoices } from '../../../../src/pricing/models/lineChoices.ts';
import type { LineChoices, LineContext } from '../../../../src/pricing/models/lineChoices.ts';
import type { KnownModel } from '../../../../src/pricing/models/modelFit.ts';
import { ModelSearch } from '../../../../src/pricing/models/search.ts';

/** Choices of a typed line among a few models that are all known. */

const model = (name: string, more: Partial<KnownModel> = {}): KnownModel => {
  const [provider = '', ...id] = name.split(' ');
  return { provider, model: id.join(' '), calls: 0, vendor: undefined, isRetired: false, ...more };
};
const MODELS = [
  model('openai zork-5', { vendor: 1 }),
  model('azure zork-5'),
  model('openai zork-5-mini', { vendor: 1 }),
  model('groq x/quux-7'),
  model('groq x/quux-7-b'),
  model('aws quux-7'),
  model('mine own model', { calls: 3 }),
];
const choices = (line: string, given: Partial<LineContext> = {}, models = MODELS): LineChoices =>
  lineChoices(line, {
    search: new ModelSearch(models),
    mark: '.',
    now: Date.parse('2026-11-20T12:00:00Z'),
    operation: 'chat',
    project: '',
    providers: [],
    ...given,
  });
const sellers = (line: string, given: Partial<LineContext> = {}, models = MODELS): string[] =>
  choices(line, given, models).usages.map((usage) => `${usage.provider} ${usage.model}`);

describe('the usage of a line', () => {
  const plain = { provider: 'openai', model: 'zork-5', operation: 'chat', source: 'manual' };
  const tokens = { input_tokens: 1_000, output_tokens: 2 };

  it.each<[string, object]>([
    ['zork-5 1k 2', { ...plain, ...tokens }],
    ['zork-5', { ...plain, input_tokens: 0, output_tokens: 0 }],
    ['zork-5 1k 2 0', { ...plain, ...tokens }],
    ['zork-5 1k 2 30', { ...plain, ...tokens, cache_read_tokens: 30 }],
    ['zork-5 1k 2 written:40', { ...plain, ...tokens, cache_write_tokens: 40 }],
    ['zork-5 1k 2 written:0', { ...plain, ...tokens }],
    ['zork-5 1k 2 $0.5', { ...plain, ...tokens, cost_usd: 0.5 }],
    ['zork-5 1k 2 $0', { ...plain, ...tokens, cost_usd: 0 }],
    ['zork-5 1k 2 #a', { ...plain, ...tokens, tags: ['a'] }],
    ['zork-5 1k 2 note:x', { ...plain, ...tokens, note: 'x' }],
    ['zork-5 1k 2 note:""', { ...plain, ...tokens }],
    ['zork-5 1k 2 project:site', { ...plain, ...tokens, project: 'site' }],
    ['zork-5 1k 2 review', { ...plain, ...tokens, operation: 'review' }],
    ['zork-5 1k 2 time:2026-11-20T10:00:00Z', { ...plain, ...tokens, timestamp: '2026-11-20T10:00:00Z' }],
  ])('%s', (line, usage) => {
    expect(choices(line).usages).toStrictEqual([usage]);
  });

  it('has the usual project, unless the line names another one or none', () => {
    const projects = (line: string): unknown[] =>
      choices(line, { project: 'usual' }).usages.map((usage) => 'project' in usage && usage.project);
    expect([projects('zork-5 1'), projects('zork-5 1 project:x'), projects('zork-5 1 project:""')]).toEqual([
      ['usual'],
      ['x'],
      [false],
    ]);
  });
});

describe('who sells a model', () => {
  it.each<[string, string[]]>([
    ['zork-5 1', ['openai zork-5']],
    ['own model 1', ['mine own model']],
    ['azure zork-5 1', ['azure zork-5']],
    ['zork-5 1 provider:azure', ['azure zork-5']],
    // A provider that does not sell it has the name that matches best, a local program the typed one.
    ['zork5 1 provider:other', ['other zork-5']],
    ['zork5 1 provider:ollama', ['ollama zork5']],
    ['quux-7 1 provider:groq', ['groq x/quux-7']],
    // Each by its own name for the model; for one that is spelled as a whole only those that spell it so.
    ['quux 1', ['bedrock quux-7', 'groq x/quux-7']],
    ['quux-7 1', ['bedrock quux-7']],
  ])('%s: %j', (line, expected) => {
    expect(sellers(line)).toEqual(expected);
  });

  it('are at most five, the vendors of a similar name before others', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => model(`${id} z/quux-1`));
    expect(sellers('quux 1', {}, many)).toHaveLength(5);
    const vendor = model('vend quux-1-long-name', { vendor: 3 });
    expect(sellers('z quux 1', {}, [...many.slice(0, 2), vendor])).toEqual(['a z/quux-1', 'b z/quux-1']);
    expect(sellers('quux 1', {}, [...many.slice(0, 2), vendor])).toEqual([
      'vend quux-1-long-name',
      'a z/quux-1',
      'b z/quux-1',
    ]);
  });

  it('are those that the ledger accepts, or all of these', () => {
    const allowed = { providers: ['groq', 'x'], operations: ['chat'] };
    expect(sellers('quux 1', { allowed })).toEqual(['groq x/quux-7']);
    expect(sellers('zork 5 1', { allowed })).toEqual(['groq zork-5', 'x zork-5']);
    expect(sellers('unknown-1 1', { allowed })).toEqual(['groq unknown-1', 'x unknown-1']);
    expect(sellers('unknown-1 1', { allowed, providers: ['y', 'x'] })).toEqual(['x unknown-1']);
    const six = { providers: ['a', 'b', 'c', 'd', 'e', 'f'], operations: [] };
    expect(sellers('unknown-1 1', { allowed: six, providers: six.providers })).toHaveLength(6);
  });

  it('is missing for a model that nobody knows', () => {
    expect(choices('unknown-1 5')).toMatchObject({ match: 'unknown', hasModel: true, needsProvider: true, usages: [] });
    expect(choices('zork-5 5')).toMatchObject({ match: 'exact', hasModel: true, needsProvider: false });
    expect(choices('zork 5 5')).toMatchObject({ match: 'similar', hasModel: true, needsProvider: false });
    expect(choices('zork 5')).toMatchObject({ match: 'similar' });
  });
});

describe('what a ledger does not accept', () => {
  const allowed = { providers: ['openai'], operations: ['chat'] };
  it.each([
    ['zork-5 1', undefined],
    ['zork-5 1 chat', undefined],
    ['zork-5 1 provider:openai', undefined],
    ['zork-5 1 provider:azure', 'inkwell cannot read the provider azure'],
    ['zork-5 1 review', 'inkwell cannot read the operation review'],
    ['zork-5 1 12kk provider:azure', '"12kk" is not a number here'],
  ])('%s: %s', (line, problem) => {
    expect(choices(line, { allowed }).problem).toBe(problem);
    expect(choices(line, { allowed: undefined }).problem).toBe(
      problem?.startsWith('inkwell') === true ? undefined : problem,
    );
  });
});

describe('other models', () => {
  it('have the line with their name, and their provider if it is not the usual one', () => {
    expect(choices('1 zork 2').others).toEqual([
      { provider: 'azure', model: 'zork-5', calls: 0, line: '1 zork-5 2 provider:azure' },
      { provider: 'openai', model: 'zork-5-mini', calls: 0, line: '1 zork-5-mini 2' },
      { provider: undefined, model: 'zork', calls: 0, line: '1 "zork" 2' },
    ]);
    // With a provider in the line it is not named twice; a name with a gap is quoted.
    expect(choices('zork-5 1 provider:x').others).toEqual([
      { provider: 'azure', model: 'zork-5', calls: 0, line: 'zork-5 1 provider:x' },
      { provider: 'openai', model: 'zork-5-mini', calls: 0, line: 'zork-5-mini 1 provider:x' },
    ]);
    const gap = [model('p q-1', { vendor: 0 }), model('my shop q-1')].map((each, i) =>
      i === 0 ? each : { ...each, provider: 'my shop', model: 'q-1' },
    );
    expect(choices('q-1 5', {}, gap).others).toMatchObject([{ line: 'q-1 5 provider:"my shop"' }]);
  });

  it('are at most seven, and the first ones of all where no model is typed', () => {
    const many = Array.from({ length: 12 }, (_, i) => model(`p zork-${i + 1}`, { calls: 12 - i }));
    const names = choices('zork 9k', {}, many).others.map(({ model: name }) => name);
    expect(names).toEqual([...[2, 3, 4, 5, 6, 7, 8].map((i) => `zork-${i}`), 'zork']);
    const none = choices('5 6', {}, many);
    expect(none.others.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `zork-${i} 5 6`));
    expect(none).toMatchObject({ usages: [], match: 'unknown', hasModel: false, needsProvider: false });
    expect(choices('', {}, many).others[0]).toEqual({ provider: 'p', model: 'zork-1', calls: 12, line: 'zork-1' });
  });

  it('are none of a quoted name', () => {
    expect(choices('"zork" 5')).toMatchObject({ others: [], match: 'unknown', needsProvider: true });
    expect(sellers('"zork-5" 5 provider:p')).toEqual(['p zork-5']);
  });
});
