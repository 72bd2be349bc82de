import { describe, expect, it } from 'vitest';
import { Pricer } from '../../../src/pricing/price.ts';
import { recogniseResponses } from '../../../src/pricing/responses/recognise.ts';
import { usageOfResponse } from '../../../src/pricing/responses/usage.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';
import { parseInput } from '../../../src/usage/parseInput.ts';
import { UsageError } from '../../../src/usage/record.ts';
import { anthropic } from '../pricing/responses/bodies/anthropic.ts';
import { bedrock } from '../pricing/responses/bodies/bedrock.ts';
import { google } from '../pricing/responses/bodies/google.ts';
import { openai } from '../pricing/responses/bodies/openai.ts';
import { others } from '../pricing/responses/bodies/others.ts';
import { tools } from '../pricing/responses/bodies/tools.ts';
import { fuzz, FUZZ_TIMEOUT, mutated, oneOf } from './fuzz.ts';

/** Damaged responses and streams: no crash, nothing that no record may have, and no other response hidden. */

const BODIES = [anthropic, bedrock, google, openai, others, tools]
  .flat()
  .map(({ body }) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const sound = (id: string): string =>
  JSON.stringify({
    id,
    object: 'chat.completion',
    model: 'gpt-5',
    usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
  });

const pricer = new Pricer(loadPriceTable());

describe('a damaged response', () => {
  it('is read with counts that a record may have, or told why not', { timeout: FUZZ_TIMEOUT }, () =>
    fuzz(2_000, ({ random }) => {
      const text = mutated(oneOf(random, BODIES), random).toString();
      const { responses, problems } = recogniseResponses(text, pricer.table);
      expect(responses.length + problems.length).toBeGreaterThan(0);
      for (const { message } of problems) expect(message).toMatch(/\S/);
      for (const response of responses) {
        for (const count of Object.values(response.counts)) {
          expect(Number.isSafeInteger(count) && count >= 0, `count ${count}`).toBe(true);
        }
        try {
          const usage = usageOfResponse(response, { provider: response.provider ?? 'p', model: response.model ?? 'm' });
          const record = parseInput(usage, { id: () => 'none', now: () => '2026-01-01T00:00:00Z', source: 'test' });
          if (usage.cost_usd === undefined) pricer.price(usage);
          expect(record.input_tokens).toBe(response.counts.input_tokens);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
        }
      }
    }),
  );

  it('hides none of its neighbours in NDJSON', { timeout: FUZZ_TIMEOUT }, () =>
    fuzz(500, ({ random }) => {
      const bad = mutated(oneOf(random, BODIES), random).toString();
      const { responses } = recogniseResponses(`${sound('first')}\n${bad}\n${sound('last')}\n`, pricer.table);
      expect(responses[0]?.responseId).toBe('first');
      expect(responses.at(-1)?.responseId).toBe('last');
    }),
  );
});
