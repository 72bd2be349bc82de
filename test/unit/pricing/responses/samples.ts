/** Responses as the APIs send them, shortened to what matters. */

export const anthropicMessage = {
  id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  content: [{ type: 'text', text: 'Hi! My name is {Claude}.' }],
  stop_reason: 'end_turn',
  usage: {
    input_tokens: 5_000,
    cache_creation_input_tokens: 15_000,
    cache_read_input_tokens: 80_000,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 15_000 },
    output_tokens: 2_000,
    service_tier: 'standard',
  },
};

export const anthropicStream = [
  {
    type: 'message_start',
    message: {
      ...anthropicMessage,
      content: [],
      stop_reason: null,
      usage: { ...anthropicMessage.usage, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi!' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2_000 } },
  { type: 'message_stop' },
];

export const chatCompletion = {
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  object: 'chat.completion',
  created: 1_768_000_000,
  model: 'gpt-5-2025-08-07',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 10_000,
    completion_tokens: 2_000,
    total_tokens: 12_000,
    prompt_tokens_details: { cached_tokens: 6_000, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 500, audio_tokens: 0 },
  },
  service_tier: 'default',
};

const chunk = { id: chatCompletion.id, object: 'chat.completion.chunk', created: chatCompletion.created };
export const chatStream = [
  { ...chunk, model: chatCompletion.model, choices: [{ index: 0, delta: { content: 'Hel' } }], usage: null },
  { ...chunk, model: chatCompletion.model, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null },
  { ...chunk, model: chatCompletion.model, choices: [], usage: chatCompletion.usage },
];

export const openaiResponse = {
  id: 'resp_67ccd3a9da748190baa7f1570fe91ac604becb25c45c1d41',
  object: 'response',
  created_at: 1_768_000_000,
  status: 'completed',
  model: 'gpt-5',
  output: [{ type: 'message', content: [{ type: 'output_text', text: 'Once upon a time' }] }],
  usage: {
    input_tokens: 10_000,
    input_tokens_details: { cached_tokens: 6_000 },
    output_tokens: 2_000,
    output_tokens_details: { reasoning_tokens: 500 },
    total_tokens: 12_000,
  },
};

export const responsesStream = [
  { type: 'response.created', response: { ...openaiResponse, status: 'in_progress', usage: null } },
  { type: 'response.output_text.delta', delta: 'Once' },
  { type: 'response.completed', response: openaiResponse },
];

export const geminiResponse = {
  candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
  usageMetadata: {
    promptTokenCount: 10_000,
    candidatesTokenCount: 1_500,
    thoughtsTokenCount: 500,
    totalTokenCount: 12_000,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: 10_000 }],
  },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'jRVqaPn4J4uq1MkPt5WN8Ak',
};

export const geminiStream = [
  {
    ...geminiResponse,
    candidates: [{ content: { parts: [{ text: 'H' }] }, index: 0 }],
    usageMetadata: { promptTokenCount: 10_000, candidatesTokenCount: 3, totalTokenCount: 10_003 },
  },
  geminiResponse,
];

export const converse = {
  output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 100, outputTokens: 20, totalTokens: 150, cacheReadInputTokens: 30 },
  metrics: { latencyMs: 1275 },
};

export const openrouter = {
  id: 'gen-1768000000-abc',
  provider: 'Anthropic',
  model: 'anthropic/claude-sonnet-4.5',
  object: 'chat.completion',
  created: 1_768_000_000,
  choices: [],
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, cost: 0.0006 },
};

export const ollama = {
  model: 'llama3.2',
  created_at: '2026-01-10T12:00:00.123Z',
  message: { role: 'assistant', content: 'Hi' },
  done: true,
  prompt_eval_count: 26,
  eval_count: 298,
};

/** As `curl -N` prints a stream. */
export function sse(events: readonly object[], end = '\n\n'): string {
  return events
    .map((event) => ('type' in event ? `event: ${String(event.type)}\n` : '') + `data: ${JSON.stringify(event)}`)
    .join(end);
}
