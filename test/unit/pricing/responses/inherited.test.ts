import { describe, expect, it } from 'vitest';
import { completeModels } from '../../../../src/pricing/data/corrections.ts';
import { Pricer } from '../../../../src/pricing/price.ts';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { usageOfResponse } from '../../../../src/pricing/responses/usage.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { shownKey } from '../../../../src/cli/report/gitCosts.ts';
import { conventional } from '../../../../src/sources/otel/otherNames.ts';
import { parseSearch } from '../../../../src/usage/line/searchText.ts';
import { ownValue } from '../../../../src/usage/tables/ownValue.ts';

/** Names that every object inherits are names like any other, wherever a text from outside is looked up. */
const pricer = new Pricer(loadPriceTable());
const counts = { input_tokens: 1, output_tokens: 1 };

describe.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'])('%s', (name) => {
  const only = (body: object): ReturnType<typeof recogniseResponses>['responses'][number] => {
    const { responses, problems } = recogniseResponses(JSON.stringify(body), pricer.table);
    expect(problems).toEqual([]);
    // A record can be made of it, and a price asked for.
    pricer.price(usageOfResponse(responses[0]!));
    return responses[0]!;
  };

  it('is a kind of traffic without a price', () => {
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, trafficType: name };
    expect(only({ usageMetadata, modelVersion: 'gemini-2.5-flash' }).serviceTier).toBe(
      name.toLowerCase().replaceAll('_', '-'),
    );
  });

  it('is no tool', () => {
    expect(only({ object: 'response', model: 'gpt-5', usage: counts, output: [{ type: name }] }).unpricedTools).toEqual(
      [],
    );
  });

  it('is a provider that nobody knows', () => {
    const said = { model: 'gpt-5', kind: 'response', parts: [], provider_name: name, usage: counts };
    expect(only(said).provider).toBe(name);
    const usage = { promptTokens: 1, completionTokens: 1 };
    const metadata = JSON.parse(`{"${name}": {}}`) as object;
    expect(only({ usage, providerMetadata: metadata, response: { modelId: 'x' } }).provider).toBe(name);
    expect(completeModels(name, [])).toEqual([]);
  });

  it('is a tier that has no price', () => {
    const usage = { provider: 'openai', model: 'gpt-5', service_tier: name, ...counts };
    expect(pricer.price(usage)).toMatchObject({ kind: 'unpriced', code: 'unknown-terms' });
  });

  it('is a text to search for', () => {
    expect(parseSearch(`cost:${name}`).fields).toEqual([
      { dimension: 'cost', text: name.toLowerCase(), exact: false, excluded: false },
    ]);
  });

  it('is a kind of span like any other that is no call, and the name of a branch', () => {
    const kind = conventional({ 'openinference.span.kind': name })['gen_ai.operation.name'];
    expect(kind).toBe('invoke_agent');
    expect(shownKey(name, new Map())).toBe(name);
  });

  it('has no value in a table that does not name it', () => {
    expect(ownValue({ a: 1 }, name)).toBeUndefined();
    expect(ownValue({ a: 1 }, 'a')).toBe(1);
  });
});
