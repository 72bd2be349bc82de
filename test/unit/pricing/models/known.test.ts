import { describe, expect, it } from 'vitest';
import { aliasProvider, knownModels, modelSearch } from '../../../../src/pricing/models/known.ts';
import { providerOfSpelling } from '../../../../src/pricing/models/spelling.ts';
import type { CatalogProvider, PriceTable } from '../../../../src/pricing/table.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';

/** A table of these models, of which each is called like its id. */
function tableOf(catalog: Readonly<Record<string, readonly string[]>>): PriceTable {
  const providers = Object.entries(catalog).map(([id, models]): CatalogProvider => ({
    id,
    name: id,
    models: models.map((model) => ({ id: model, name: model, deprecated: false, contextWindow: undefined })),
  }));
  return { ...loadPriceTable(), catalog: () => providers };
}

describe('the models to choose from', () => {
  it('are those of the table, with the rank of their vendor', () => {
    const vendors = [
      'anthropic',
      'openai',
      'google',
      'mistral',
      'deepseek',
      'x-ai',
      'moonshotai',
      'zai',
      'alibaba',
      'cohere',
      'perplexity',
      'meta',
      'minimax',
      'voyageai',
    ];
    const table = tableOf(Object.fromEntries([...vendors, 'groq', 'constructor'].map((id) => [id, ['some-model']])));
    expect(knownModels(table, []).map(({ provider, vendor }) => [provider, vendor])).toEqual([
      ...vendors.map((provider, rank) => [provider, rank]),
      ['groq', undefined],
      ['constructor', undefined],
    ]);
    expect(knownModels(table, [])[0]).toEqual({
      provider: 'anthropic',
      model: 'some-model',
      calls: 0,
      vendor: 0,
      isRetired: false,
    });
  });

  it('have no vendor where another one made them', () => {
    const table = tableOf({
      aws: ['amazon.nova', 'anthropic.claude', 'x.amazon.nova'],
      google: ['claude-5', 'llama-4', 'mistral-x', 'gemini-3', 'x-claude'],
      mistral: ['deepseek-v3', 'zai-glm', 'codestral', 'x-deepseek'],
      openai: ['claude-5'],
    });
    const made = knownModels(table, []).flatMap(({ model, vendor }) => (vendor === undefined ? [] : [[model, vendor]]));
    expect(made).toEqual([
      ['amazon.nova', 14],
      ['gemini-3', 2],
      ['x-claude', 2],
      ['codestral', 3],
      ['x-deepseek', 3],
      ['claude-5', 1],
    ]);
  });

  it.each([
    ['gpt-4-', true],
    ['gpt-4:', true],
    ['gpt-4.', true],
    ['gpt-4*', true],
    ['gpt-?', true],
    ['ft:gpt-4o', true],
    ['x-ft:gpt-4o', false],
    ['llama2-70b', true],
    ['llama3-70b', true],
    ['llama4-70b', false],
    ['llama3.1', false],
    ['x-llama3-70b', false],
    ['llama-3.3-70b-specdec', true],
    ['specdec-llama', false],
    ['davinci.ft-2', true],
    ['gemini-pro', true],
    ['gemini-flash', true],
    ['gemini-flash-1.5', true],
    ['gemini-flash-2', false],
    ['gemini-pro-latest', false],
    ['x-gemini-pro', false],
    ['gpt-3.5-turbo', true],
    ['text-davinci-003', true],
    ['claude-v1.3', true],
    ['claude-2', true],
    ['claude-2.1', false],
    ['ada', true],
    ['babbage-002', true],
    ['curie', true],
    ['davinci', true],
    ['text-embedding-ada-002', false],
    ['gpt-4o', false],
  ])('%s is retired: %s', (model, isRetired) => {
    expect(knownModels(tableOf({ openai: [model] }), [])).toMatchObject([{ isRetired }]);
  });

  it('are retired where the table says so, unless they are in use', () => {
    const table: PriceTable = {
      ...loadPriceTable(),
      catalog: () => [
        {
          id: 'openai',
          name: 'OpenAI',
          models: [{ id: 'Old-Model', name: 'Old', deprecated: true, contextWindow: undefined }],
        },
      ],
    };
    expect(knownModels(table, [])).toMatchObject([{ isRetired: true }]);
    // Under the user's names, once.
    expect(knownModels(table, [{ provider: 'codex', model: 'old-model', calls: 4 }])).toEqual([
      { provider: 'codex', model: 'old-model', calls: 4, vendor: 1, isRetired: false },
    ]);
  });

  it('are also those in use that the table does not have, and these alone without a table', () => {
    const used = [
      { provider: 'p', model: 'gpt-3', calls: 2 },
      { provider: 'q', model: 'gpt-3', calls: 1 },
    ];
    const own = used.map((each) => ({ ...each, vendor: undefined, isRetired: false }));
    expect(knownModels(undefined, used)).toEqual(own);
    expect(knownModels(undefined, [])).toEqual([]);
    expect(knownModels(tableOf({ p: ['other'] }), used).slice(1)).toEqual(own);
    // Without a table no name has a provider.
    expect(modelSearch(undefined, used).find('gpt-5-codex', 1)).toEqual([]);
    expect(modelSearch(undefined, used).find('gpt 3', 1)).toMatchObject([{ provider: 'p', isWhole: true }]);
    expect(modelSearch(loadPriceTable(), []).find('gpt-5-codex', 1)).toMatchObject([{ provider: 'openai' }]);
  });
});

describe('the provider of a name that is not listed', () => {
  const alias = aliasProvider(loadPriceTable());

  it.each<[string, [string, boolean] | undefined]>([
    ['llama3.2:3b', ['ollama', true]],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', ['bedrock', true]],
    ['gpt-5-codex', ['openai', false]],
    ['claude-sonnet-4-5-thinking', ['anthropic', false]],
    // One word with a number, which begins with a letter.
    ['gpt 5', undefined],
    ['5-gpt', undefined],
    ['gpt-codex', undefined],
    ['claude', undefined],
    // A rule for its vendor alone does not suffice.
    ['gpt-unheard-99', undefined],
    ['my-own-2', undefined],
  ])('%s: %j', (name, expected) => {
    const found = alias(name);
    expect(found && [found.provider, found.isCertain]).toEqual(expected);
  });
});

describe('a spelling that only one provider has', () => {
  it.each<[string, string | undefined]>([
    ['arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-3', 'bedrock'],
    ['arn:aws-us-gov:bedrock:us-east-1:1:x', 'bedrock'],
    ['arn:aws:sagemaker:x', undefined],
    ['x-arn:aws:bedrock:x', undefined],
    ...['anthropic', 'amazon', 'meta', 'mistral', 'cohere', 'ai21', 'deepseek', 'openai', 'qwen', 'writer'].map(
      (vendor): [string, string] => [`${vendor}.model-v1:0`, 'bedrock'],
    ),
    ...['minimax', 'moonshot', 'moonshotai', 'nvidia', 'zai'].map((vendor): [string, string] => [
      `${vendor}.model`,
      'bedrock',
    ]),
    ...['us', 'eu', 'apac', 'jp', 'au', 'ca', 'global', 'us-gov', 'eu-gov'].map((region): [string, string] => [
      `${region}.anthropic.claude`,
      'bedrock',
    ]),
    ['xx.anthropic.claude', undefined],
    ['x-anthropic.claude', undefined],
    ['anthropic.', undefined],
    ['google.gemini-3', undefined],
    ['google.gemma-3', 'bedrock'],
    ['us.google.gemma-3', 'bedrock'],
    ['apac.google.gemma-3', 'bedrock'],
    ['xx.google.gemma-3', undefined],
    ['claude-sonnet-4-5@20250929', 'vertex'],
    ['claude-3.5_x@20250929', 'vertex'],
    ['claude-sonnet-4-5@2025', undefined],
    ['claude-sonnet-4-5@202509291', undefined],
    ['x-claude-sonnet-4-5@20250929', undefined],
    ['gemini-3@20250929', undefined],
    ['llama3.2:3b', 'ollama'],
    ['llama3.2:1.5b', 'ollama'],
    ['qwen2.5-coder:32b-instruct-q4_K_M', 'ollama'],
    ['Llama3:Latest', 'ollama'],
    ['gpt-oss:120b-cloud', 'ollama'],
    ['deepseek-v3.1:671b-cloud', 'ollama'],
    ['kimi-k2:1t-cloud', 'ollama'],
    ['glm-4.6:cloud', 'ollama'],
    ['3llama:3b', undefined],
    ['llama3.2:3', undefined],
    ['llama3.2', undefined],
    ['a/llama3.2:3b', undefined],
    ['nova-pro-v1:0', undefined],
    ['gpt-5', undefined],
  ])('%s: %s', (model, provider) => {
    expect(providerOfSpelling(model)).toBe(provider);
  });
});
