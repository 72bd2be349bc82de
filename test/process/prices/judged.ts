/**
 * Differences between our prices and LiteLLM's, each with the reason why ours are kept, or a note of what is missing. A
 * difference without an entry fails the test, and so does an entry without a difference.
 */
export interface Judgement {
  /** LiteLLM's keys. */
  models: RegExp;
  why: string;
  /** true: LiteLLM is right, and our table cannot express it yet. */
  isGap?: boolean;
}

export const JUDGED: readonly Judgement[] = [
  {
    models: /^(?:us-gov\.|bedrock\/us-gov-)/,
    why: 'GovCloud costs a fifth more (aws.amazon.com/bedrock/pricing); the data of genai-prices knows no regions there.',
    isGap: true,
  },
  {
    models: /^bedrock\/(?:ap|ca|eu|sa)-[a-z]+-\d\/|^(?:apac|eu|jp)\.(?:amazon|meta)\./,
    why: 'Prices of single regions of Bedrock (aws.amazon.com/bedrock/pricing); the data has the price of the US.',
    isGap: true,
  },
  {
    models: /^(?:anthropic\.claude-(?:haiku|sonnet|opus|fable)-|claude-sonnet-4-5-20250929-v1:0)/,
    why: 'LiteLLM has the price of the global endpoint. A name without a prefix is an endpoint in a region, which costs a tenth more since Claude 4.5: aws.amazon.com/bedrock/pricing.',
  },
  {
    models: /^openai\.gpt-6-(?:sol|luna)$/,
    why: 'As for Claude: a name without a prefix is an endpoint in a region.',
  },
  {
    models: /^(?:(?:eu|us)\.)?anthropic\.claude-3-opus-20240229-v1:0$/,
    why: 'Bedrock has no prompt caching for Claude 3 Opus (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).',
  },
  {
    models: /deepseek-(?:v4|flash)/,
    why: 'LiteLLM has the peak price; api-docs.deepseek.com/quick_start/pricing has others by the hour, which ours follow.',
  },
  {
    models: /^deepseek\/deepseek-r1$/,
    why: 'The price of the off-peak hours, which ended on 2025-09-05; the API has no model of this name, only deepseek-reasoner.',
  },
  {
    models: /^deepseek\/deepseek-v3\.2$/,
    why: "The API's name is deepseek-chat; the data has an aggregator's price under this one.",
  },
  {
    models: /gemini-2\.5-pro-preview-tts$/,
    why: 'ai.google.dev/gemini-api/docs/pricing has no caching for speech models.',
  },
  {
    models: /^gemini-3\.8-flash-cyber$/,
    why: "The data takes it for gemini-3.8-flash by the beginning of its name. LiteLLM's price is that of Vertex.",
    isGap: true,
  },
  {
    models: /^vertex_ai\/claude-3-5-haiku/,
    why: 'Anthropic lowered it to 0.80/4 in December 2024; LiteLLM has the price before (cloud.google.com/vertex-ai/generative-ai/pricing).',
  },
  {
    models: /^ft:gpt-4o-2024-11-20$|^azure\/(?:us|eu)\/gpt-4o(?:-2024-11-20)?$/,
    why: 'OpenAI and Azure charge nothing extra for writing to the cache; LiteLLM has the price of reading there.',
  },
  {
    models: /^azure\/(?:us|eu)\/gpt-4\.1-nano/,
    why: 'LiteLLM rounds: 0.0275 is a tenth above 0.025.',
  },
  {
    models: /^azure\/(?:ada|gpt-4-turbo|text-embedding)/,
    why: 'LiteLLM has the regional price; the global one is that of OpenAI (azure.microsoft.com/pricing/details/cognitive-services/openai-service).',
  },
  {
    models: /^azure\/gpt-5\.[45]-pro/,
    why: 'developers.openai.com/api/docs/pricing lists no cached input for the pro models.',
  },
  {
    models: /^mistral\/mistral-medium$/,
    why: 'The name is an alias of a newer model by LiteLLM; docs.mistral.ai says no day for it, so the price of the last known one stays.',
    isGap: true,
  },
  {
    models: /^mistral\/(?:devstral-small-latest|pixtral-large-latest|mistral-tiny|mistral-small)$/,
    why: 'Cached input at a tenth, as Mistral has for newer models; the data does not say it of these.',
    isGap: true,
  },
  {
    models: /^mistral\/open-mistral-nemo$/,
    why: 'mistral.ai/pricing has 0.15/0.15 for Nemo; LiteLLM has the price of 2024.',
  },
  {
    models: /^xai\/grok-code-fast/,
    why: 'docs.x.ai/docs/models had 0.20/1.50 for grok-code-fast-1; LiteLLM has the price of the model that the name was moved to.',
    isGap: true,
  },
  {
    models: /^dashscope\/qwen3\.(?:7-max|8-flash)$/,
    why: 'Alibaba bills explicit writes to the cache at 1.25 times the input; a call does not say which kind of cache it used.',
    isGap: true,
  },
  {
    models: /^groq\/openai\/gpt-oss-safeguard-20b$/,
    why: 'LiteLLM rounds: groq.com/pricing has 0.0375 for cached input.',
  },
  {
    models: /^(?:cloudflare|fireworks_ai|ovhcloud|together_ai|novita)\//,
    why: 'Hosts of open models change their prices often, and neither table says of which day its price is. Ours stay, which are newer.',
  },
];
