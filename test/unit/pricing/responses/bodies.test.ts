import { beforeAll, describe, expect, it } from 'vitest';
import { Pricer } from '../../../../src/pricing/price.ts';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { usageOfResponse } from '../../../../src/pricing/responses/usage.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { parseInput } from '../../../../src/usage/parseInput.ts';
import { usd } from '../usd.ts';
import { anthropic } from './bodies/anthropic.ts';
import { bedrock } from './bodies/bedrock.ts';
import type { Body, Expected } from './bodies/body.ts';
import { dialects } from './bodies/dialects.ts';
import { google } from './bodies/google.ts';
import { openai } from './bodies/openai.ts';
import { openaiTools } from './bodies/openaiTools.ts';
import { others } from './bodies/others.ts';
import { recordings } from './bodies/recordings.ts';
import { sdks } from './bodies/sdks.ts';
import { sums } from './bodies/sums.ts';
import { tools } from './bodies/tools.ts';

let pricer: Pricer;
beforeAll(async () => {
  pricer = new Pricer(loadPriceTable());
});

describe.each(
  Object.entries({ anthropic, openai, openaiTools, google, bedrock, others, tools, dialects, recordings, sdks, sums }),
)('%s', (_vendor, bodies) => {
  it.each(bodies)('$name', ({ body, expected }: Body) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const { responses, problems } = recogniseResponses(text, pricer.table);
    expect(problems).toEqual([]);
    expect(responses).toHaveLength(expected.length);
    for (const [index, { cost, factor, id, ...facts }] of expected.entries()) {
      const response = responses[index]!;
      expect(response).toMatchObject(facts);
      expect(response.counts).toEqual(facts.counts);
      expect(response.unknownCounts).toEqual([]);
      if (id !== undefined) expect(response.responseId).toBe(id);
      const usage = usageOfResponse(response);
      // A record takes it as it is.
      parseInput(usage, { id: () => 'none', now: () => '2026-01-01T00:00:00Z', source: 'test' });
      if (usage.cost_usd !== undefined) {
        expect(String(usage.cost_usd)).toBe(cost);
        continue;
      }
      const result = pricer.price(usage);
      if (cost !== 'listed') expect(result.kind === 'priced' ? usd(result) : 'unknown').toBe(cost);
      expectFactor(result.kind === 'priced' ? result.priceSource : '', factor);
    }
  });
});

function expectFactor(priceSource: string, factor: Expected['factor']): void {
  expect(/ (x[\d.]+ \S+)$/.exec(priceSource)?.[1]).toBe(factor);
}

describe('values that are no calls', () => {
  it.each([
    ['a cached content of Gemini', { name: 'cachedContents/1', usageMetadata: { totalTokenCount: 43_130 } }],
    ["another program's tokenUsage", { output: 'Hi', tokenUsage: { total: 15, prompt: 10, completion: 5 } }],
    ['a HAR file without responses', { log: { entries: [{ request: { url: 'https://a.b' }, response: {} }] } }],
  ])('%s', (_name, value) => {
    const { responses, problems } = recogniseResponses(JSON.stringify(value), pricer.table);
    expect(responses).toEqual([]);
    expect(problems.map(({ code }) => code)).toEqual(['no-usage']);
  });
});

describe('counts that no reader knows are named', () => {
  const named = (response: object): string[] | undefined =>
    recogniseResponses(JSON.stringify(response), pricer.table).responses[0]?.unknownCounts;
  const chat = { object: 'chat.completion', model: 'gpt-5', choices: [] };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

  it.each([
    ['beside known ones', { ...chat, usage: { ...usage, agent_tokens: 5 } }, ['agent_tokens']],
    [
      'in details',
      { ...chat, usage: { ...usage, completion_tokens_details: { olfactoryTokens: 5 } } },
      ['olfactoryTokens'],
    ],
    ['in a list', { ...chat, usage: { ...usage, parts: [{ judge_token_count: 5 }] } }, ['judge_token_count']],
    ['in another usage', { ...chat, usage, judge_usage: { input_tokens: 5 } }, ['judge_usage.input_tokens']],
    ['not 0', { ...chat, usage: { ...usage, agent_tokens: 0, total_agent_tokens: 4, seconds: 3 } }, []],
    [
      'with the cost',
      { ...chat, id: 'gen-1', provider: 'OpenAI', usage: { ...usage, agent_tokens: 5, cost: 0.1 } },
      [],
    ],
  ])('%s', (_name, response, expected) => {
    expect(named(response)).toEqual(expected);
  });
});

describe('fees that no price list has are named', () => {
  const named = (response: object): string[] | undefined =>
    recogniseResponses(JSON.stringify(response), pricer.table).responses[0]?.unpricedTools;
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

  it.each([
    [
      'classification',
      { classifications: [{ prediction: 'b' }], meta: { api_version: {}, billed_units: { classifications: 2 } } },
    ],
    ['images', { embeddings: [[0.1]], meta: { api_version: {}, billed_units: { images: 1 } } }],
    [
      'code execution',
      {
        type: 'message',
        usage: { input_tokens: 1, output_tokens: 1 },
        content: [{ type: 'server_tool_use', name: 'bash_code_execution' }],
      },
    ],
    ['live search', { object: 'chat.completion', model: 'grok-4', usage: { ...usage, num_sources_used: 3 } }],
    [
      'audio by the second',
      { object: 'chat.completion', model: 'voxtral-small-latest', usage: { ...usage, prompt_audio_seconds: 30 } },
    ],
    ['web search', { object: 'chat.completion', model: 'gpt-4o-search-preview', usage }],
    [
      'web search preview',
      {
        object: 'response',
        model: 'gpt-4.1',
        tools: [{ type: 'web_search_preview' }],
        output: [{ type: 'web_search_call' }],
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    ],
    ['web search', { object: 'conversation.response', usage: { ...usage, connectors: { web_search: 1 } } }],
    [
      'the larger search context',
      { object: 'chat.completion', model: 'sonar', usage: { ...usage, search_context_size: 'high' } },
    ],
    [
      'Google Maps',
      {
        candidates: [{ finishReason: 'STOP', groundingMetadata: { groundingChunks: [{ maps: {} }] } }],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
      },
    ],
    [
      "Groq's tools",
      {
        object: 'chat.completion',
        x_groq: {},
        choices: [{ message: { executed_tools: [{ type: 'search' }] } }],
        usage,
      },
    ],
  ])('%s', (name, response) => {
    expect(named(response)).toEqual([name]);
  });

  it.each([
    ['gemini-2.5-flash', 1],
    ['gemini-3.1-pro-preview', 2],
  ])('%s charges for two searches in one answer %i times', (modelVersion, times) => {
    const body = {
      modelVersion,
      candidates: [{ finishReason: 'STOP', groundingMetadata: { webSearchQueries: ['a', 'b'] } }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
    };
    const { responses } = recogniseResponses(JSON.stringify(body), pricer.table);
    expect(responses[0]?.counts.web_searches).toBe(times);
  });
});
