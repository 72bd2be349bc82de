import type { Body } from './body.ts';

/**
 * Shapes of the types `Response.tool_usage` and `ImageGenerationCall.svg_usage` in OpenAI's SDK 3.57. Prices per million tokens:
 * GPT-5.5 5 in, 30 out; GPT Image 1 5 for text, 10 for images, 40 for made images; GPT-5 mini 0.25 in, 2 out.
 */
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const response = {
  id: 'resp_abc',
  object: 'response',
  created_at: 1_780_000_000,
  status: 'completed',
  model: 'gpt-5.5',
  usage: { input_tokens: 1_000, output_tokens: 1_000, total_tokens: 2_000 },
};
const image = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'AA==' };
const imageGen = {
  input_tokens: 1_000,
  input_tokens_details: { text_tokens: 200, image_tokens: 800 },
  output_tokens: 1_000,
  output_tokens_details: { text_tokens: 0, image_tokens: 1_000 },
  total_tokens: 2_000,
};
const noImages = { input_tokens: 0, input_tokens_details: { text_tokens: 0, image_tokens: 0 }, output_tokens: 0 };
const likely = { provider: 'openai', confidence: 'likely' } as const;
const main = { ...likely, model: 'gpt-5.5', counts, cost: '0.035', id: 'resp_abc' };

export const openaiTools: readonly Body[] = [
  {
    name: 'the number of billable searches, where the response says it',
    body: {
      ...response,
      output: [{ type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'a' } }],
      tool_usage: { image_gen: noImages, web_search: { num_requests: 3 } },
    },
    expected: [{ ...main, counts: { ...counts, web_searches: 3 }, cost: '0.065' }],
  },
  {
    name: 'a made image is a call of the image model',
    body: {
      ...response,
      output: [image],
      tools: [{ type: 'image_generation', model: 'gpt-image-1' }],
      tool_usage: { image_gen: imageGen, web_search: { num_requests: 0 } },
    },
    expected: [
      { ...main, unpricedTools: [] },
      {
        provider: 'openai',
        model: 'gpt-image-1',
        counts: { ...counts, input_image_tokens: 800, output_image_tokens: 1_000 },
        cost: '0.049',
        id: 'resp_abc/images',
      },
    ],
  },
  {
    name: 'a made image whose model is not named is a fee of unknown price',
    body: {
      ...response,
      output: [image],
      tools: [{ type: 'image_generation' }],
      tool_usage: { image_gen: imageGen, web_search: { num_requests: 0 } },
    },
    expected: [{ ...main, unpricedTools: ['image generation'] }],
  },
  {
    name: 'the author of a vector image is a call of its own',
    body: {
      ...response,
      output: [
        {
          ...image,
          svg_usage: {
            model: 'gpt-5-mini',
            input_tokens: 1_000,
            output_tokens: 1_000,
            reasoning_tokens: 400,
            total_tokens: 2_000,
          },
        },
      ],
    },
    expected: [
      main,
      {
        ...likely,
        model: 'gpt-5-mini',
        counts: { ...counts, reasoning_tokens: 400 },
        cost: '0.00225',
        id: 'resp_abc/svg',
      },
    ],
  },
];
