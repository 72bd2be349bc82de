import { beforeAll, describe, expect, it } from 'vitest';
import { aliasProvider, knownModels } from '../../../../src/pricing/models/known.ts';
import { lineChoices } from '../../../../src/pricing/models/lineChoices.ts';
import type { LineChoices, LineContext } from '../../../../src/pricing/models/lineChoices.ts';
import { ModelSearch } from '../../../../src/pricing/models/search.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import type { PriceTable } from '../../../../src/pricing/table.ts';
import { INKWELL_OPERATIONS, INKWELL_PROVIDERS } from '../../../../src/usage/inkwell.ts';

let table: PriceTable;
beforeAll(() => {
  table = loadPriceTable();
});

function choices(line: string, given: Partial<LineContext> = {}): LineChoices {
  const search = new ModelSearch(knownModels(table, []), aliasProvider(table));
  const usual = { search, mark: '.', now: Date.now(), operation: 'chat', project: '', providers: [] } as const;
  return lineChoices(line, { ...usual, ...given });
}

describe('what Enter records', () => {
  it('is the model under its full name, of its vendor, with what is usual', () => {
    const { usages, problem, hasModel } = choices('gpt5 12k 800', { operation: 'review', project: 'site' });
    expect([problem, hasModel]).toEqual([undefined, true]);
    // With no field that was not typed.
    expect(usages).toStrictEqual([
      {
        provider: 'openai',
        model: 'gpt-5',
        operation: 'review',
        input_tokens: 12_000,
        output_tokens: 800,
        project: 'site',
        source: 'manual',
      },
    ]);
  });

  it('is the newest model of a family', () => {
    expect(choices('0.05 claude-opus review').usages).toEqual([
      {
        provider: 'anthropic',
        model: 'claude-opus-5-5',
        operation: 'review',
        input_tokens: 0,
        output_tokens: 0,
        cost_usd: 0.05,
        source: 'manual',
      },
    ]);
  });

  it('has everything that was typed', () => {
    const line =
      'gpt-5 12k 800 8k written:1k #a #b note:"two words" project:x provider:azure time:2026-11-20T10:00:00Z';
    expect(choices(line).usages).toMatchObject([
      {
        provider: 'azure',
        cache_read_tokens: 8000,
        cache_write_tokens: 1000,
        tags: ['a', 'b'],
        note: 'two words',
        project: 'x',
        timestamp: '2026-11-20T10:00:00Z',
      },
    ]);
  });

  it('is a choice of providers where several sell the model', () => {
    const { usages } = choices('llama-3.3-70b-versatile 1k 1k');
    expect(usages.map(({ provider }) => provider)).toEqual(['groq']);
    const many = choices('gpt-oss-120b 1k 1k', { providers: ['mine'] }).usages.map(({ provider }) => provider);
    expect(many[0]).toBe('openai');
  });

  it("asks for the provider of a model that nobody knows, the person's own first", () => {
    expect(choices('my-own 1k')).toMatchObject({ usages: [], needsProvider: true });
    expect(choices('my-own 1k', { providers: ['a', 'b'] }).usages.map(({ provider }) => provider)).toEqual(['a', 'b']);
    expect(choices('my-own 1k provider:c', { providers: ['a'] }).usages).toMatchObject([
      { provider: 'c', model: 'my-own' },
    ]);
  });

  it.each([
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'bedrock us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['global.amazon.nova-2-lite-v1:0', 'bedrock global.amazon.nova-2-lite-v1:0'],
    ['nova pro', 'bedrock amazon.nova-pro-v1:0'],
    ['aws nova pro', 'bedrock amazon.nova-pro-v1:0'],
    ['claude-sonnet-4-5@20250929', 'vertex claude-sonnet-4-5@20250929'],
    ['gpt-oss:20b', 'ollama gpt-oss:20b'],
    ['bedrock sonnet 4.5', 'bedrock claude-sonnet-4-5'],
    ['gpt-5 azure', 'azure gpt-5'],
    ['ollama llama3.2', 'ollama llama3.2'],
    ['llama 70b groq', 'groq llama-3.3-70b-versatile'],
    ['cerebras gpt-oss 120b', 'cerebras gpt-oss-120b'],
    ['claude-3-5-haiku', 'anthropic claude-3-5-haiku'],
    ['llama 4 maverick provider:openrouter', 'openrouter meta-llama/llama-4-maverick'],
    ['gpt 5.1 codex', 'openai gpt-5.1-codex'],
    ['kimi k2 thinking', 'moonshotai kimi-k2-thinking'],
  ])('is of the provider that is named or certain: %s', (line, expected) => {
    const { usages, needsProvider } = choices(`${line} 1k 1k`);
    expect(needsProvider).toBe(false);
    expect(usages.map(({ provider, model }) => `${provider} ${model}`)).toEqual([expected]);
  });

  it('is a choice of resellers, each with its own name for the model', () => {
    const sold = choices('llama 4 maverick 1k').usages.map(({ provider, model }) => `${provider} ${model}`);
    expect(sold).toContain('openrouter meta-llama/llama-4-maverick');
    expect(sold).toContain('databricks databricks-llama-4-maverick');
    expect(sold).toHaveLength(5);
  });

  it('is nothing before there is a model', () => {
    expect(choices('12k 800')).toMatchObject({ usages: [], hasModel: false });
  });

  it('is what inkwell reads, in its own ledger', () => {
    const allowed = { providers: INKWELL_PROVIDERS, operations: INKWELL_OPERATIONS };
    expect(choices('gpt5 1k', { allowed, operation: 'extraction' }).usages.map(({ provider }) => provider)).toEqual([
      ...INKWELL_PROVIDERS,
    ]);
    // One that it reads and that sold the model before is no choice.
    const used = [{ provider: 'claude', model: 'claude-haiku-4-5', calls: 2 }];
    const search = new ModelSearch(knownModels(table, used));
    expect(choices('claude-haiku-4-5 1k', { allowed, search }).usages).toMatchObject([
      { provider: 'claude', model: 'claude-haiku-4-5' },
    ]);
    expect(choices('gpt5 1k provider:openai', { allowed }).problem).toBe('inkwell cannot read the provider openai');
    expect(choices('gpt5 1k review', { allowed }).problem).toBe('inkwell cannot read the operation review');
  });
});

describe('other models', () => {
  it('come with a line that names them, and keep the rest of it', () => {
    const { others } = choices('12k sonnet 800');
    expect(others[0]).toMatchObject({ model: 'claude-sonnet-5', line: '12k claude-sonnet-5 800' });
    // As it was typed, for a model of one's own.
    expect(others.at(-1)).toMatchObject({ provider: undefined, model: 'sonnet', line: '12k "sonnet" 800' });
    expect(choices('12k "sonnet" 800 provider:mine').usages).toMatchObject([{ provider: 'mine', model: 'sonnet' }]);
  });

  it('name their provider where it is not the usual one', () => {
    const line = choices('claude-haiku-4-5 1k 1k').others.find(({ provider }) => provider === 'google')?.line;
    expect(line).toBe('claude-haiku-4-5 1k 1k provider:google');
  });

  it('are the models in use before anything is typed', () => {
    const search = new ModelSearch(knownModels(table, [{ provider: 'p', model: 'my model', calls: 3 }]));
    expect(choices('', { search }).others[0]).toEqual({
      provider: 'p',
      model: 'my model',
      calls: 3,
      line: '"my model"',
    });
  });
});

describe('numbers and names as people type them', () => {
  it.each([
    ['gpt-5 1.5mio 800', 'openai gpt-5 chat 1500000 800'],
    ['gpt-5 12 k 800', 'openai gpt-5 chat 12000 800'],
    ['gpt-5: 12k, 800', 'openai gpt-5 chat 12000 800'],
    ['gpt-5 12k tokens 800', 'openai gpt-5 chat 12000 800'],
    ['gpt-5 12_000 0.8k review', 'openai gpt-5 review 12000 800'],
    ['deepseek chat 12k 800', 'deepseek deepseek-chat chat 12000 800'],
    ['gpt-5 chat 12k 800', 'openai gpt-5 chat 12000 800'],
    ['text embedding 3 large 12k', 'openai text-embedding-3-large chat 12000 0'],
    ['ada 002 12k', 'openai text-embedding-ada-002 chat 12000 0'],
    ['o3 5', 'openai o3 chat 5 0'],
    ['o3 mini 12k 800', 'openai o3-mini chat 12000 800'],
    ['openai gpt 5 mini 12k 800', 'openai gpt-5-mini chat 12000 800'],
    ['claude opus 4.5 12k 800', 'anthropic claude-opus-4-5 chat 12000 800'],
    ['review 12k 800 gemini 2.5 flash', 'google gemini-2.5-flash review 12000 800'],
  ])('%s', (line, expected) => {
    const { usages, problem } = choices(line);
    expect(problem).toBeUndefined();
    const [usage] = usages;
    expect(
      `${usage?.provider} ${usage?.model} ${usage?.operation} ${usage?.input_tokens} ${usage?.output_tokens}`,
    ).toBe(expected);
  });

  it('have a decimal comma where the language has it', () => {
    expect(choices('gpt-5 1,5 Mio 800', { mark: ',' }).usages).toMatchObject([
      { model: 'gpt-5', input_tokens: 1_500_000, output_tokens: 800 },
    ]);
  });

  it.each(['12kk', '12k/800', '12k+800', '0.05€', '½k', '€5'])('are an operation only with its key: %s', (word) => {
    expect(choices(`gpt-5 ${word}`).problem).toBe(`"${word}" is not a number here`);
    expect(choices(`gpt-5 op:${word}`).usages).toMatchObject([{ model: 'gpt-5', operation: word }]);
  });
});
