import { countOf, textOf, type Fields } from '../fields.ts';
import type { LogTokens } from '../record.ts';
import { beside, including } from '../tokens.ts';

/** The token counts of a span, under the names of the conventions, older ones, and those of the Vercel AI SDK and OpenInference. */

const NAMES = {
  input: [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    // Of its embeddings.
    'ai.usage.tokens',
    'llm.token_count.prompt',
    'llm.usage.prompt_tokens',
  ],
  output: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
    'llm.token_count.completion',
    'llm.usage.completion_tokens',
  ],
  cacheRead: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'ai.usage.cachedInputTokens',
    'llm.token_count.prompt_details.cache_read',
    'llm.usage.cache_read_input_tokens',
  ],
  cacheWrite: [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
    'llm.token_count.prompt_details.cache_write',
    'llm.usage.cache_creation_input_tokens',
  ],
  reasoning: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'llm.usage.reasoning_tokens',
    'ai.usage.outputTokenDetails.reasoningTokens',
    'ai.usage.reasoningTokens',
    'llm.token_count.completion_details.reasoning',
  ],
} as const;

/** The conventions include cached tokens in the input, and reasoning in the output. */
export function spanTokens(attributes: Fields): LogTokens {
  const counts = {
    input: number(attributes, NAMES.input),
    output: number(attributes, NAMES.output),
    cacheRead: number(attributes, NAMES.cacheRead),
    cacheWrite: number(attributes, NAMES.cacheWrite),
    reasoning: number(attributes, NAMES.reasoning),
  };
  return isAnthropicOfAiSdk5(attributes) ? beside(counts) : including(counts);
}

/** Version 5 of the Vercel AI SDK passes on Anthropic's input, which excludes cached tokens; version 6 added the details. */
function isAnthropicOfAiSdk5(attributes: Fields): boolean {
  return (
    textOf(attributes['gen_ai.system'])?.startsWith('anthropic.') === true &&
    attributes['ai.usage.cachedInputTokens'] !== undefined &&
    attributes['ai.usage.inputTokenDetails.noCacheTokens'] === undefined
  );
}

function number(attributes: Fields, names: readonly string[]): number {
  for (const name of names) {
    const value = attributes[name];
    const count = countOf(typeof value === 'string' ? Number(value) : value);
    if (count !== 0) return count;
  }
  return 0;
}
