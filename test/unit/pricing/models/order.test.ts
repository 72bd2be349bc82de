import { describe, expect, it } from 'vitest';
import type { KnownModel } from '../../../../src/pricing/models/modelFit.ts';
import { ModelSearch, type AliasProvider, type ModelMatch } from '../../../../src/pricing/models/search.ts';

/** The order of matches, and which provider is meant, among a few models that are all known. */

const model = (name: string, more: Partial<KnownModel> = {}): KnownModel => {
  const [provider = '', id = ''] = name.split(' ');
  return { provider, model: id, calls: 0, vendor: undefined, isRetired: false, ...more };
};
const vendors = (name: string, more: Partial<KnownModel> = {}): KnownModel => model(name, { vendor: 0, ...more });
const found = (models: readonly KnownModel[], typed: string, limit = 10): string[] =>
  new ModelSearch(models).find(typed, limit).map(({ provider, model: id }) => `${provider} ${id}`);

describe('the order of matches', () => {
  it.each<[string, KnownModel[]]>([
    // Each list is in the expected order.
    ['x-5', [model('p x-5'), model('p x5'), model('p x-5-2025-01-31'), model('p x-5-mini'), model('p ax5a')]],
    ['x', [model('a x-1', { calls: 1 }), vendors('b x-1')]],
    ['x', [model('a x-1', { calls: 9 }), model('b x-1', { calls: 2 })]],
    ['x', [vendors('z x-1'), model('a x-1')]],
    ['x', [model('p x-5'), model('p x-4.5'), model('p x-4'), model('p x-1')]],
    ['x', [model('p x-4-1'), model('p x-4')]],
    // A date is no version.
    ['x', [model('p x-5'), model('p x-2025')]],
    ['x', [model('p x-1-mini'), model('p x-1-mini-turbo')]],
    // The shorter name, then the alphabet.
    ['x', [model('p x-a'), model('p x-b'), model('p x-aa')]],
    // Retired ones after all that are in use, but not after names that are spelled otherwise.
    ['xy', [model('p xy-1'), model('p axy'), model('p xy-2', { isRetired: true })]],
    ['x-2', [model('p x-2', { isRetired: true }), model('p x-2-a')]],
    ['x2', [model('p x-2-a'), model('p x-2', { isRetired: true })]],
    ['sonnt', [model('p sonnt-1', { isRetired: true }), model('p sonnet-1')]],
    // Less that was not typed, before more calls.
    ['x 1', [model('p x-1-a', { calls: 1 }), model('p x-1-a-b', { calls: 5 })]],
    ['x 1', [model('p x-1-a', { calls: 1 }), model('p x-1')].toReversed()],
  ])('for %j', (typed, expected) => {
    const names = expected.map(({ provider, model: id }) => `${provider} ${id}`);
    expect(found(expected, typed)).toEqual(names);
    expect(found(expected.toReversed(), typed)).toEqual(names);
  });

  it('has as many as are asked for', () => {
    const models = ['p x-3', 'p x-2', 'p x-1'].map((name) => model(name));
    expect(found(models, ' X ', 2)).toEqual(['p x-3', 'p x-2']);
    expect(found(models, 'y')).toEqual([]);
  });

  it('where nothing is typed begins with those in use, then has the newest of each vendor in turn', () => {
    const models = [
      vendors('b b-1', { vendor: 1 }),
      vendors('a a-1'),
      vendors('b b-2', { vendor: 1 }),
      vendors('a a-2'),
      vendors('a a-3', { isRetired: true }),
      model('c c-9'),
      vendors('a a-9', { calls: 1 }),
      model('d d-1', { calls: 5 }),
    ];
    expect(found(models, ' ')).toEqual(['d d-1', 'a a-9', 'a a-2', 'b b-2', 'a a-1', 'b b-1']);
    expect(found(models, '', 3)).toEqual(['d d-1', 'a a-9', 'a a-2']);
    expect(new ModelSearch(models).find('', 1)).toEqual([{ ...model('d d-1', { calls: 5 }), isWhole: false }]);
  });
});

describe('a provider that is typed with the model', () => {
  const models = [vendors('a x-1'), model('b x-1'), model('b x-2'), model('c y-1')];
  const first = (typed: string): Partial<ModelMatch> | undefined => new ModelSearch(models).find(typed, 5)[0];

  it.each([
    ['b x 1', 'b x-1'],
    ['x 1 b', 'b x-1'],
    ['B X-1', 'b x-1'],
    ['x b', 'b x-2'],
    ['a x', 'a x-1'],
  ])('%s is certain', (typed, name) => {
    const [provider, id] = name.split(' ');
    expect(first(typed)).toMatchObject({ provider, model: id, isCertain: true });
  });

  it('is no provider without a model, in its middle, or of a model that it does not sell', () => {
    expect(first('b')).toBeUndefined();
    expect(first('x b 1')).toBeUndefined();
    expect(first('c x')).toBeUndefined();
    expect(first('x-1')).toEqual({ ...models[0], isWhole: true });
  });

  it('comes first, and others after it, each once', () => {
    // `b` is also a word of names.
    const more = [...models, model('d b-x-1')];
    const search = new ModelSearch(more);
    expect(search.find('b x', 5)).toEqual([
      { ...model('b x-2'), isWhole: false, isCertain: true },
      { ...model('b x-1'), isWhole: false, isCertain: true },
      { ...model('d b-x-1'), isWhole: false, isCertain: false },
    ]);
    expect(search.find('b x', 2)).toHaveLength(2);
    const twice = new ModelSearch([model('b b-x-2'), model('d b-x-1')]);
    expect(twice.find('b x', 5).map(({ model: id }) => id)).toEqual(['b-x-2', 'b-x-1']);
    // One that sells no such model is none.
    const none = new ModelSearch([model('c y-1'), model('d c-x-1')]);
    expect(none.find('c x', 5)).toStrictEqual([{ ...model('d c-x-1'), isWhole: false }]);
    // Its own model, which begins with its name, is meant by the whole of it.
    const own = new ModelSearch([model('b b-x'), model('b x')]);
    expect(own.find('b x', 5)).toEqual([{ ...model('b b-x'), isWhole: true }]);
  });

  it.each(['a', 'azure', 'bedrock', 'copilot', 'github-copilot', 'ollama', 'vertex'])('%s is one', (word) => {
    expect(new ModelSearch(models).isProvider(word)).toBe(true);
  });

  it.each(['x', 'A', '', 'google'])('%j is none here', (word) => {
    expect(new ModelSearch(models).isProvider(word)).toBe(false);
  });

  it('are those that sell a model, best first', () => {
    const sellers = [model('c x-1'), vendors('a x-1'), model('b X1', { calls: 1 }), model('b x-1'), model('d x-2')];
    const search = new ModelSearch(sellers);
    expect(search.providersOf('x-1')).toEqual(['b', 'a', 'c']);
    expect(search.providersOf('x-1-2025-01-31')).toEqual(['b', 'a', 'c']);
    expect(search.providersOf('x')).toEqual([]);
  });
});

describe('a name that is known by its rule', () => {
  const models = [vendors('a x-1'), model('b y-1'), model('a z-1-mini', { vendor: 0 }), model('u own-1', { calls: 3 })];
  const aliases: AliasProvider = (name) => {
    if (/^(?:x-1|y-1|q-7|x-1-code|z-1-mini-x|own-1|z-1)$/.test(name)) return { provider: 'alias', isCertain: false };
    return /^(?:x-1:3b|own-1|sure-x-1)$/.test(name) || name === 'X-1'
      ? { provider: 'sure', isCertain: true }
      : undefined;
  };
  const search = new ModelSearch(models, aliases);
  const first = (typed: string): string | undefined => {
    const [match] = search.find(typed, 5);
    return match && `${match.provider} ${match.model}`;
  };

  it.each([
    ['q-7', 'alias q-7'],
    // The vendor's own model is itself, a reseller's may be the vendor's, too; a certain spelling is certain.
    ['x-1', 'a x-1'],
    ['y-1', 'alias y-1'],
    ['X-1', 'sure X-1'],
    ['x-1:3b', 'sure x-1:3b'],
    ['own-1', 'u own-1'],
    // Words with gaps are a name where nothing matches as well.
    ['q 7', 'alias q-7'],
    [' Q   7 ', 'alias q-7'],
    ['x 1 code', 'alias x-1-code'],
    ['x 1', 'a x-1'],
    ['y 1', 'b y-1'],
    ['z 1', 'alias z-1'],
    ['z-1', 'alias z-1'],
    ['1 mini', 'a z-1-mini'],
    ['nothing 9', undefined],
  ])('%j is %s', (typed, expected) => {
    expect(first(typed)).toBe(expected);
  });

  it('comes before others, whole and without calls, within the limit', () => {
    expect(search.find('y-1', 5)).toEqual([
      {
        provider: 'alias',
        isCertain: false,
        model: 'y-1',
        calls: 0,
        vendor: 0,
        isRetired: false,
        isWhole: true,
      },
      { ...model('b y-1'), isWhole: true },
    ]);
    expect(search.find('y-1', 1)).toHaveLength(1);
  });

  it.each([
    ['x 1', true],
    ['X-1-2025-01-31', true],
    ['q-7', true],
    ['q-8', false],
    ['x', false],
    ['', false],
    ['-', false],
  ])('%j is a whole name: %s', (typed, isWhole) => {
    expect(search.isWhole(typed)).toBe(isWhole);
  });

  it.each([
    ['x 1', 'whole'],
    ['mini', 'part'],
    ['b y', 'part'],
    ['nothing', undefined],
    // Names of resellers are no part of a model, as is a misspelt `llama`.
    ['mini Azure', undefined],
    ['ollama', undefined],
    ['', 'part'],
  ])('%j fits: %s', (typed, fit) => {
    expect(search.fit(typed)).toBe(fit);
  });
});

it('a name without letters or digits is no whole name of another one', () => {
  const search = new ModelSearch([model('p ***')]);
  expect(['', '-'].map((text) => search.isWhole(text))).toEqual([false, false]);
});

it('a dated name is called by what was typed', () => {
  const search = new ModelSearch([model('p x-1'), model('p y-1-2025-01-31')]);
  const first = (typed: string): string | undefined => search.find(typed, 1)[0]?.model;
  expect(first('x-1-2025-01-31')).toBe('x-1-2025-01-31');
  expect(first('X-1@20250131')).toBe('X-1@20250131');
  // Not with a gap, and not where the name of the table has the date.
  expect(first('x 1-2025-01-31')).toBe('x-1');
  expect(first('y-1')).toBe('y-1-2025-01-31');
  expect(first('x1')).toBe('x-1');
});
