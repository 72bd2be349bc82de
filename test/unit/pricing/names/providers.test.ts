import { describe, expect, it } from 'vitest';
import {
  azureZone,
  hasNoListPrice,
  isLocalProvider,
  modelNames,
  tableProvider,
  usualProvider,
} from '../../../../src/pricing/providers.ts';

describe("a provider's name in the price table", () => {
  it.each([
    ['claude', 'anthropic'],
    ['claude-code', 'anthropic'],
    ['claude.ai', 'anthropic'],
    ['codex', 'openai'],
    ['codex-cli', 'openai'],
    ['chatgpt', 'openai'],
    ['azure-openai', 'azure'],
    ['azure-openai-responses', 'azure'],
    ['azure.ai.openai', 'azure'],
    ['az.ai.openai', 'azure'],
    ['azure.ai.inference', 'azure'],
    ['az.ai.inference', 'azure'],
    ['azure-ai', 'azure'],
    ['azure-ai-foundry', 'azure'],
    ['bedrock', 'aws'],
    ['amazon-bedrock', 'aws'],
    ['bedrock-anthropic', 'aws'],
    ['anthropic-bedrock', 'aws'],
    ['vertex-anthropic', 'google'],
    ['anthropic-vertex', 'google'],
    ['google-vertex-anthropic', 'google'],
    ['grok', 'x-ai'],
    ['x.ai', 'x-ai'],
    ['kimi', 'moonshotai'],
    ['z.ai', 'zai'],
    ['z-ai', 'zai'],
    ['zhipu', 'zhipuai'],
    ['bigmodel', 'zhipuai'],
    ['bigmodel.cn', 'zhipuai'],
    ['fireworks-ai', 'fireworks'],
    ['togetherai', 'together'],
    ['together.ai', 'together'],
    ['dashscope', 'alibaba'],
    ['dashscope-intl', 'alibaba'],
    ['alibaba-cloud', 'alibaba'],
    ['qwen', 'alibaba'],
    ['copilot', 'github-copilot'],
    ['copilot-cli', 'github-copilot'],
    // Spelled with other gaps.
    [' Claude_Code ', 'anthropic'],
    ['AZURE OPENAI', 'azure'],
    ['azure\topenai_responses', 'azure'],
    // All others as they are.
    [' Vertex_AI ', 'vertex_ai'],
    ['my own', 'my own'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
  ])('%j is %s', (name, expected) => {
    expect(tableProvider(name)).toBe(expected);
  });

  it('is shown as users write it', () => {
    expect(['aws', 'google', 'bedrock', ''].map(usualProvider)).toEqual(['bedrock', 'google', 'bedrock', '']);
  });
});

it.each([
  ['ollama', true, true],
  ['LM_Studio', true, true],
  ['lm studio', true, true],
  ['lmstudio', true, true],
  ['local', true, true],
  ['localhost', true, true],
  ['llama.cpp', true, true],
  ['llama-cpp', true, true],
  ['llamacpp', true, true],
  ['llamafile', true, true],
  ['mlx', true, true],
  ['gpt4all', true, true],
  ['jan', true, true],
  ['koboldcpp', true, true],
  // Often on a rented machine.
  [' vLLM ', false, true],
  ['sglang', false, true],
  ['Text-Generation_WebUI', false, true],
  // Runs no models.
  ['YouTube', false, true],
  ['openai', false, false],
  ['ollama-cloud', false, false],
  ['', false, false],
])('%s runs models on its own machine: %s; has no list price: %s', (name, isLocal, isWithout) => {
  expect([isLocalProvider(name), hasNoListPrice(name)]).toEqual([isLocal, isWithout]);
});

describe('the names of a model that are looked up, in this order', () => {
  it.each<[string, string, string[]]>([
    ['anthropic', ' claude-opus-5 ', ['claude-opus-5']],
    ['anthropic', 'claude-opus-5[1m]', ['claude-opus-5[1m]', 'claude-opus-5']],
    ['anthropic', 'claude-opus-5[1M]', ['claude-opus-5[1M]', 'claude-opus-5']],
    ['anthropic', 'claude[1m]-opus', ['claude[1m]-opus']],
    ['anthropic', 'anthropic/claude-opus-5', ['anthropic/claude-opus-5', 'claude-opus-5']],
    // By any name of the same provider, but of no other.
    ['anthropic', 'claude/opus', ['claude/opus', 'opus']],
    ['openai', 'anthropic/claude-opus-5', ['anthropic/claude-opus-5']],
    ['openai', '/gpt-5', ['/gpt-5']],
    ['openai', 'openai/gpt-5/x', ['openai/gpt-5/x', 'gpt-5/x']],
    ['google', 'models/gemini-3', ['models/gemini-3', 'gemini-3']],
    ['google', 'Publishers/Google/Models/gemini-3', ['Publishers/Google/Models/gemini-3', 'gemini-3']],
    ['google', 'x/models/gemini-3', ['x/models/gemini-3']],
    ['google', 'publishers/a/b/models/m', ['publishers/a/b/models/m']],
    ['anthropic', 'models/anthropic/claude-5[1m]', ['models/anthropic/claude-5[1m]', 'anthropic/claude-5', 'claude-5']],
    ['aws', 'claude-sonnet-5', ['claude-sonnet-5', 'anthropic.claude-sonnet-5']],
    ['aws', 'claude-sonnet-5[1m]', ['claude-sonnet-5[1m]', 'claude-sonnet-5', 'anthropic.claude-sonnet-5']],
    ['aws', 'x-claude-5', ['x-claude-5']],
    ['google', 'claude-sonnet-5', ['claude-sonnet-5']],
    ['azure', 'us/gpt-5', ['us/gpt-5', 'gpt-5']],
    ['azure', 'azure/eu/gpt-5', ['azure/eu/gpt-5', 'gpt-5', 'eu/gpt-5']],
    ['azure', 'global-standard/gpt-5', ['global-standard/gpt-5', 'gpt-5']],
    ['azure', 'azure/gpt-5', ['azure/gpt-5', 'gpt-5']],
    ['openai', 'us/gpt-5', ['us/gpt-5']],
  ])('at %s %j: %j', (provider, model, names) => {
    expect(modelNames(model, provider)).toEqual(names);
  });
});

it.each([
  ['us/gpt-5', 'azure', 'us'],
  [' EU/gpt-5 ', 'azure', 'eu'],
  ['azure/eu/gpt-5', 'azure', 'eu'],
  ['Azure/US/gpt-5', 'azure', 'us'],
  ['global/gpt-5', 'azure', undefined],
  ['azure/global-standard/gpt-5', 'azure', undefined],
  ['gpt-5', 'azure', undefined],
  ['x/us/gpt-5', 'azure', undefined],
  ['us/gpt-5', 'openai', undefined],
])('%j at %s is bound to the zone %s', (model, provider, zone) => {
  expect(azureZone(model, provider)).toBe(zone);
});
