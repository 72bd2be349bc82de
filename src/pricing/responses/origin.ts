import type { PriceTable } from '../table.ts';
import { frameworkVendor } from './frameworks.ts';
import { objectAt, objectIn, objectsAt, textAt, type JsonObject } from './json.ts';
import type { Api, Shape } from './shape.ts';

/** The provider of a response, as far as the response reveals it. */
export interface Origin {
  /** The price table's id, or that of a program on the user's machine; undefined if unknown. */
  provider: string | undefined;
  /** `certain`: an address, id or field that only this provider uses. `likely`: the model's name. */
  confidence: 'certain' | 'likely' | 'guess';
}

export function originOf(shape: Shape, model: string | undefined, host: string | undefined, table: PriceTable): Origin {
  const marked = (host === undefined ? undefined : providerOfHost(host)) ?? providerByMarks(shape, model);
  if (marked !== undefined) return { provider: marked, confidence: model === undefined ? 'guess' : 'certain' };
  if (model === undefined) return { provider: VENDORS[shape.api], confidence: 'guess' };
  const provider = providerOfName(model, table);
  return { provider, confidence: provider === undefined ? 'guess' : 'likely' };
}

/** The vendor that defined each API, if a response names neither its model nor anything else. Only a guess. */
const VENDORS: Partial<Record<Api, string>> = {
  'anthropic-messages': 'anthropic',
  'claude-code': 'anthropic',
  'openai-images': 'openai',
  'openai-realtime': 'openai',
  'openai-transcription': 'openai',
  'openai-speech': 'openai',
  codex: 'openai',
  'openai-eval': 'openai',
};

/** Suffixes of API host names. */
const HOSTS: readonly (readonly [string, string])[] = [
  ['api.openai.com', 'openai'],
  ['api.anthropic.com', 'anthropic'],
  ['generativelanguage.googleapis.com', 'google'],
  ['aiplatform.googleapis.com', 'google'],
  ['amazonaws.com', 'aws'],
  ['api.aws', 'aws'],
  ['openai.azure.com', 'azure'],
  ['services.ai.azure.com', 'azure'],
  ['cognitiveservices.azure.com', 'azure'],
  ['azure-api.net', 'azure'],
  ['openrouter.ai', 'openrouter'],
  ['api.groq.com', 'groq'],
  ['api.mistral.ai', 'mistral'],
  ['api.x.ai', 'x-ai'],
  ['api.deepseek.com', 'deepseek'],
  ['api.moonshot.ai', 'moonshotai'],
  ['api.moonshot.cn', 'moonshotai'],
  ['api.z.ai', 'zai'],
  ['open.bigmodel.cn', 'zhipuai'],
  ['api.cohere.ai', 'cohere'],
  ['api.cohere.com', 'cohere'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.cerebras.ai', 'cerebras'],
  ['api.fireworks.ai', 'fireworks'],
  ['api.together.xyz', 'together'],
  ['api.together.ai', 'together'],
  ['api.voyageai.com', 'voyageai'],
  ['api.minimax.io', 'minimax'],
  ['api.minimax.chat', 'minimax'],
  ['api.novita.ai', 'novita'],
  ['api.cloudflare.com', 'cloudflare'],
  ['api.githubcopilot.com', 'github-copilot'],
  ['dashscope.aliyuncs.com', 'alibaba'],
  ['dashscope-intl.aliyuncs.com', 'alibaba'],
  ['api.deepinfra.com', 'deepinfra'],
  ['localhost', 'local'],
  ['127.0.0.1', 'local'],
];

function providerOfHost(host: string): string | undefined {
  return HOSTS.find(([end]) => host === end || host.endsWith(`.${end}`))?.[1];
}

/** Model ids in a form that only Bedrock uses: `anthropic.claude-...`, `us.amazon.nova-...`, `openai.gpt-oss-120b`. */
const BEDROCK_MODEL =
  /^(?:(?:us|eu|apac|au|ca|jp|global|us-gov)\.)?(?:ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\.[a-z]/;
/** Open models named after their vendor, which the vendor itself does not serve. */
const OPEN_MODEL = /^(?:gpt-oss|gemma)/i;

/** Patterns for names used by a single vendor, which the table does not assign by name. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(?:ft:)?(?:gpt-|chatgpt-|o[134](?:-|$)|davinci|babbage)/, 'openai'],
  [
    /^(?:text-embedding-(?:3|ada)|omni-moderation|dall-e|gpt-image|whisper|tts-1|computer-use-preview|codex-)/,
    'openai',
  ],
  [/^(?:gemini-embedding|text-embedding-00\d|imagen-|veo-)/, 'google'],
  [/^(?:embed-(?:v\d|english|multilingual)|rerank-(?:v\d|english|multilingual)|c4ai-|command(?:-|$))/, 'cohere'],
  [/^(?:voyage-|rerank-\d)/, 'voyageai'],
  [/^sonar(?:-|$)/, 'perplexity'],
  // Zhipu sells the same models in China in another currency.
  [/^glm-/, 'zai'],
  [/^text-embedding-v\d/, 'alibaba'],
  [/^qwen(?:\d|-|$)(?!.*-\d+b)/, 'alibaba'],
];

function providerOfName(model: string, table: PriceTable): string | undefined {
  const name = model.toLowerCase().trim();
  if (BEDROCK_MODEL.test(name) || name.startsWith('arn:aws:')) return 'aws';
  if (OPEN_MODEL.test(name)) return undefined;
  return NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? table.providerOfModel(model);
}

/** APIs that only their owner provides. */
const OWNERS: Partial<Record<Api, string>> = {
  gemini: 'google',
  'gemini-embeddings': 'google',
  'gemini-interactions': 'google',
  'bedrock-converse': 'aws',
  'bedrock-invoke': 'aws',
  cohere: 'cohere',
  'cohere-tokens': 'cohere',
  'cohere-v1': 'cohere',
  'cohere-embeddings': 'cohere',
  dashscope: 'alibaba',
  'openrouter-generation': 'openrouter',
  cursor: 'cursor',
  ollama: 'ollama',
  'ollama-embeddings': 'ollama',
  'llama-cpp': 'llama.cpp',
  replicate: 'replicate',
  watsonx: 'watsonx',
};

/** The provider identified by marks that only its API leaves in a response. */
function providerByMarks(shape: Shape, model: string | undefined): string | undefined {
  const { api, response } = shape;
  const id = textAt(response, 'id') ?? '';
  const usage = objectAt(response, 'usage') ?? {};
  const owner = OWNERS[api];
  if (owner !== undefined) return owner;
  if (api === 'ai-sdk' || api === 'langchain' || api === 'pydantic-ai') return frameworkVendor(response);
  if (api === 'rerank') return objectAt(response, 'meta') !== undefined ? 'cohere' : undefined;
  // Jina counts embeddings in the same form.
  if (api === 'voyage') return model === undefined || model.startsWith('voyage-') ? 'voyageai' : undefined;
  if (isVercel(response, usage)) return 'vercel';
  if (isOpenRouter(id, usage)) return 'openrouter';
  if (api === 'anthropic-messages') return claudeVendor(id, model) ?? frameworkVendor(response);
  if ('x_groq' in response) return 'groq';
  if (api === 'openai-realtime') return 'billable_audio_seconds' in usage ? 'x-ai' : undefined;
  return compatibleVendor(response, usage, model);
}

/** Vercel's AI Gateway, whose ids and fields are similar to OpenRouter's. */
function isVercel(response: JsonObject, usage: JsonObject): boolean {
  const said = [response, ...objectsAt(response, 'choices').map((choice) => objectAt(choice, 'message') ?? {})];
  const isSaid = said.some((each) => objectIn(each, 'provider_metadata', 'gateway') !== undefined);
  return isSaid || 'market_cost' in usage;
}

function isOpenRouter(id: string, usage: JsonObject): boolean {
  return id.startsWith('gen-') || 'is_byok' in usage || objectAt(usage, 'cost_details') !== undefined;
}

const ANTHROPIC_ID = /^msg_01[0-9A-Za-z]{22}$/;

function claudeVendor(id: string, model: string | undefined): string | undefined {
  if (id.startsWith('msg_bdrk_')) return 'aws';
  if (id.startsWith('msg_vrtx_')) return 'google';
  return ANTHROPIC_ID.test(id) && model?.startsWith('claude-') === true ? 'anthropic' : undefined;
}

/** Identifies vendors and programs with OpenAI-compatible responses by fields that they add. */
function compatibleVendor(response: JsonObject, usage: JsonObject, model: string | undefined): string | undefined {
  const has = (...fields: readonly string[]): boolean => fields.some((field) => field in response);
  const fingerprint = textAt(response, 'system_fingerprint') ?? '';
  if (has('api_format')) return 'oci';
  if (has('copilot_usage', 'copilot_annotations', 'copilot_references')) return 'github-copilot';
  const isFiltered = objectsAt(response, 'choices').some((choice) => 'content_filter_results' in choice);
  if (has('prompt_filter_results', 'content_filters') || isFiltered) return 'azure';
  if (has('time_info')) return 'cerebras';
  const says = objectAt(usage, 'cost');
  if ('search_context_size' in usage || 'num_search_queries' in usage || (says !== undefined && 'total_cost' in says)) {
    return 'perplexity';
  }
  if (response['object'] === 'conversation.response') return 'mistral';
  if (has('base_resp', 'input_sensitive')) return 'minimax';
  // Together repeats the prompt of an older API, and says the seed of each choice.
  if (has('prompt') && objectsAt(response, 'choices').some((choice) => 'seed' in choice)) return 'together';
  if (model?.startsWith('accounts/fireworks/') === true) return 'fireworks';
  if ('estimated_cost' in usage) return 'deepinfra';
  if ('cost_in_usd_ticks' in usage || 'num_sources_used' in usage) return 'x-ai';
  if (fingerprint === 'fp_ollama') return 'ollama';
  if (has('timings') && /^b\d+-/.test(fingerprint)) return 'llama.cpp';
  if (has('model_info') || fingerprint === model) return 'lmstudio';
  return undefined;
}
