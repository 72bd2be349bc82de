import { beforeAll, describe, expect, it } from 'vitest';
import { aliasProvider, knownModels } from '../../../../src/pricing/models/known.ts';
import type { UsedModel } from '../../../../src/pricing/models/known.ts';
import { ModelSearch } from '../../../../src/pricing/models/search.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import type { PriceTable } from '../../../../src/pricing/table.ts';

let table: PriceTable;
beforeAll(() => {
  table = loadPriceTable();
});

function searchWith(used: readonly UsedModel[] = []): ModelSearch {
  return new ModelSearch(knownModels(table, used), aliasProvider(table));
}

const best = (text: string, used: readonly UsedModel[] = []): string | undefined => {
  const [first] = searchWith(used).find(text, 1);
  return first && `${first.provider} ${first.model}`;
};

describe('models are found by what people type', () => {
  it.each([
    ['gpt5', 'openai gpt-5'],
    ['gpt-5', 'openai gpt-5'],
    ['GPT 5', 'openai gpt-5'],
    ['gpt5mini', 'openai gpt-5-mini'],
    ['gpt-5 mini', 'openai gpt-5-mini'],
    ['gpt 5 nano', 'openai gpt-5-nano'],
    ['4o', 'openai gpt-4o'],
    ['gpt4o', 'openai gpt-4o'],
    ['gpt-4o-2024-08-06', 'openai gpt-4o-2024-08-06'],
    ['4o mini', 'openai gpt-4o-mini'],
    ['gpt4.1', 'openai gpt-4.1'],
    ['gpt 4.1 nano', 'openai gpt-4.1-nano'],
    ['gpt-5-codex', 'openai gpt-5-codex'],
    ['o3', 'openai o3'],
    ['o4mini', 'openai o4-mini'],
    ['o4 mini', 'openai o4-mini'],
    ['sonnet 4.5', 'anthropic claude-sonnet-4-5'],
    ['sonnet45', 'anthropic claude-sonnet-4-5'],
    ['claude sonnet 4.5', 'anthropic claude-sonnet-4-5'],
    ['claude-sonnet-4-5-20250929', 'anthropic claude-sonnet-4-5-20250929'],
    ['sonet 4.5', 'anthropic claude-sonnet-4-5'],
    ['sonnet 4', 'anthropic claude-sonnet-4-0'],
    ['opus 4.1', 'anthropic claude-opus-4-1'],
    ['claude-opus-4-1-20250805', 'anthropic claude-opus-4-1-20250805'],
    ['claude opus 4.6', 'anthropic claude-opus-4-6'],
    ['haiku 4.5', 'anthropic claude-haiku-4-5'],
    ['claude haiku 4 5', 'anthropic claude-haiku-4-5'],
    ['gemini flash', 'google gemini-3.8-flash'],
    ['gemini 2.5 flash', 'google gemini-2.5-flash'],
    ['gemini-2.5-pro', 'google gemini-2.5-pro'],
    ['gemini 2.5 pro', 'google gemini-2.5-pro'],
    ['2.5 flash lite', 'google gemini-2.5-flash-lite'],
    ['deepseek chat', 'deepseek deepseek-chat'],
    ['deepseek-reasoner', 'deepseek deepseek-reasoner'],
    ['grok 4', 'x-ai grok-4-0709'],
    ['grok code', 'x-ai grok-code-fast-1'],
    ['mistral large', 'mistral mistral-large'],
    ['codestral', 'mistral codestral'],
    ['kimi k3', 'moonshotai kimi-k3'],
    ['glm 4.6', 'zai GLM-4.6'],
    ['qwen max', 'alibaba qwen-max'],
    ['embedding 3 small', 'openai text-embedding-3-small'],
    // The provider before or after the model.
    ['openai gpt-5', 'openai gpt-5'],
    ['o3 mini azure', 'azure o3-mini'],
    ['anthropic opus 4.5', 'anthropic claude-opus-4-5'],
    ['google gemini 2.5 pro', 'google gemini-2.5-pro'],
    ['cohere command a', 'cohere command-a'],
    ['groq llama 3.1 8b', 'groq llama-3.1-8b-instant'],
    ['mistral medium', 'mistral mistral-medium-3-5'],
    ['deepseek v3', 'deepseek deepseek-v3.2'],
    // The maker before resellers, where its name ends with `latest`.
    ['sonnet 3.7', 'anthropic claude-3-7-sonnet-latest'],
    ['mistral large latest', 'mistral mistral-large-latest'],
    ['command r+', 'cohere command-r-plus'],
    // The newest snapshot is the model itself.
    ['sonnet latest', 'anthropic claude-sonnet-5-5'],
    ['latest opus 4.5', 'anthropic claude-opus-4-5'],
    // Swapped letters. A name that is spelled right comes before a similar one, even if it is retired.
    ['gtp-5', 'openai gpt-5'],
    ['cluade sonnet 4.5', 'anthropic claude-sonnet-4-5'],
    ['gemni 2.5 flash', 'google gemini-2.5-flash'],
    ['mixtral', 'mistral mixtral-8x7b'],
  ])('%s: %s', (text, model) => {
    expect(best(text)).toBe(model);
  });

  it.each([
    ['gpt5nano', true],
    ['gpt-5-nano-2025-08-07', true],
    ['gpt-4.1-mini@20250414', true],
    ['gpt-4.1 nano', true],
    ['nano', false],
    ['gpt-5-nan', false],
  ])('%s is a whole name: %s', (text, isWhole) => {
    expect(searchWith().find(text, 1)[0]?.isWhole).toBe(isWhole);
  });

  it('finds nothing in a name that no model has', () => {
    expect(searchWith().find('my-own-model', 5)).toEqual([]);
    expect(searchWith().isWhole('my-own-model')).toBe(false);
  });
});

describe('the order', () => {
  it("puts the person's own models first, under their own names of the provider", () => {
    const used = [{ provider: 'vertex', model: 'claude-sonnet-4-5', calls: 3 }];
    expect(best('sonnet', used)).toBe('vertex claude-sonnet-4-5');
    expect(best('sonnet 4.5', used)).toBe('vertex claude-sonnet-4-5');
  });

  it('puts retired models and patterns never first', () => {
    const all = searchWith();
    for (const text of ['kimi', 'claude', 'gpt', 'gemini', 'mistral', 'devstral', 'gemini pro', '']) {
      expect([text, all.find(text, 1)[0]?.isRetired]).toEqual([text, false]);
    }
  });

  it('begins with the models in use where nothing is typed', () => {
    const used = [
      { provider: 'a', model: 'seldom', calls: 1 },
      { provider: 'b', model: 'often', calls: 9 },
    ];
    expect(
      searchWith(used)
        .find('', 2)
        .map(({ model }) => model),
    ).toEqual(['often', 'seldom']);
  });
});

it('begins with the newest model of each vendor where none is in use', () => {
  expect(
    searchWith()
      .find('', 3)
      .map(({ provider }) => provider),
  ).toEqual(['anthropic', 'openai', 'google']);
});

it('names the providers that sell a model, its vendor first', () => {
  const all = searchWith();
  expect(all.providersOf('gpt-5')[0]).toBe('openai');
  expect(all.providersOf('claude-haiku-4-5').slice(0, 2)).toEqual(['anthropic', 'google']);
  expect(all.providersOf('nothing')).toEqual([]);
});
