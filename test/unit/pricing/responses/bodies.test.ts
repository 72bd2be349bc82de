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
import { google } from './bodies/google.ts';
import { openai } from './bodies/openai.ts';
import { others } from './bodies/others.ts';
import { tools } from './bodies/tools.ts';

let pricer: Pricer;
beforeAll(async () => {
  pricer = new Pricer(loadPriceTable());
});

describe.each(Object.entries({ anthropic, openai, google, bedrock, others, tools }))('%s', (_vendor, bodies) => {
  it.each(bodies)('$name', ({ body, expected }: Body) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const { responses, problems } = recogniseResponses(text, pricer.table);
    expect(problems).toEqual([]);
    expect(responses).toHaveLength(expected.length);
    for (const [index, { cost, factor, id, ...facts }] of expected.entries()) {
      const response = responses[index]!;
      expect(response).toMatchObject(facts);
      expect(response.counts).toEqual(facts.counts);
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
