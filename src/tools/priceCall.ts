import { findModel, UnknownModelError } from '../library/compare.ts';
import { formatUsd } from '../usage/money.ts';
import { ToolInputError, type Tool } from './tool.ts';

const TOKENS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens'] as const;

export const priceCall: Tool = {
  name: 'price_call',
  title: 'Price of a planned call',
  description: 'What a call would cost at list price, before it is made.',
  input: {
    type: 'object',
    properties: {
      model: { type: 'string', description: 'such as gpt-5 or openai/gpt-5' },
      ...Object.fromEntries(TOKENS.map((name) => [name, { type: 'integer' as const }])),
      service_tier: { type: 'string' },
    },
    required: ['model', 'input_tokens'],
    additionalProperties: false,
  },
  isReadOnly: true,
  run: async (input, context) => {
    const pricer = await context.pricer();
    if (pricer === undefined) throw new ToolInputError('The prices cannot be read.');
    try {
      const { provider, model } = findModel(pricer, String(input['model']));
      const result = pricer.price({ ...input, provider, model, timestamp: new Date(context.now()).toISOString() });
      if (result.kind === 'unpriced') return `The price is unknown. ${result.message}`;
      const rules = result.rules.map(({ message }) => `${message}.`);
      const head = `${formatUsd(result.nanos)} for ${provider}/${model}, estimated at list price (${result.priceSource}).`;
      return [head, ...rules, 'input_tokens includes cache reads and writes.'].join('\n');
    } catch (error) {
      if (error instanceof UnknownModelError) throw new ToolInputError(`model: ${error.message}`);
      throw error;
    }
  },
};
