import { providerOfSpelling } from '../pricing/models/spelling.ts';
import { isLocalProvider } from '../pricing/providers.ts';
import { providerNamed, vendorOf } from './vendors.ts';

/**
 * Determines who bills a call. The tool alone does not reveal it: Claude Code and Codex can also use Bedrock, Vertex, Azure,
 * OpenRouter, Moonshot, z.ai, DeepSeek, a proxy or a model on this machine. The most reliable evidence is the endpoint, then
 * the provider named by the tool, then ids made by the provider, then the model's name.
 */
export interface Payer {
  provider: string;
  /** `free` for a model on this machine; otherwise the log does not reveal it. */
  charge?: 'free';
}

/** Suffixes of host names. */
const HOSTS: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)bedrock[\w-]*\.[\w-]+\.amazonaws\.com$/, 'bedrock'],
  [/(^|[.-])aiplatform\.googleapis\.com$/, 'vertex'],
  [/(^|\.)generativelanguage\.googleapis\.com$/, 'google'],
  [/(^|\.)(openai\.azure|cognitiveservices\.azure|services\.ai\.azure)\.(com|us|cn)$/, 'azure'],
  [/(^|\.)openrouter\.ai$/, 'openrouter'],
  [/(^|\.)moonshot\.(ai|cn)$/, 'moonshotai'],
  [/(^|\.)kimi\.com$/, 'moonshotai'],
  [/(^|\.)z\.ai$/, 'zai'],
  [/(^|\.)bigmodel\.cn$/, 'zhipuai'],
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)(dashscope[\w-]*\.)?aliyuncs\.com$/, 'alibaba'],
  [/(^|\.)minimaxi?\.(io|com|chat)$/, 'minimax'],
  [/(^|\.)anthropic\.com$/, 'anthropic'],
  [/(^|\.)(openai|chatgpt)\.com$/, 'openai'],
  [/(^|\.)x\.ai$/, 'x-ai'],
  [/(^|\.)mistral\.ai$/, 'mistral'],
  [/(^|\.)groq\.com$/, 'groq'],
  [/(^|\.)together\.(ai|xyz)$/, 'together'],
  [/(^|\.)fireworks\.ai$/, 'fireworks'],
  [/(^|\.)(github|githubcopilot)\.com$/, 'github-copilot'],
];
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0|host\.docker\.internal)$/;
/** Default ports of programs for local models. A proxy listens on other ports. */
const LOCAL_PORTS: Readonly<Record<string, string>> = { '11434': 'ollama', '1234': 'lmstudio' };
/** Model servers that are known to run on this machine only if the endpoint says so. */
const SERVERS: ReadonlySet<string> = new Set(['vllm', 'sglang', 'llama.cpp', 'llamacpp', 'llama-cpp', 'mlx']);

export interface CallFacts {
  model: string;
  /** The tool's name for the provider. */
  provider?: string | undefined;
  /** The endpoint's URL or host. */
  endpoint?: string | undefined;
  /** The message's id, created by its provider. */
  messageId?: string | undefined;
}

/** @returns undefined without evidence; the tool's own provider is then the best guess. */
export function payerOf({ model, provider, endpoint, messageId }: CallFacts): Payer | undefined {
  const isCloud = /[:-]cloud$/.test(model);
  const byEndpoint = endpoint === undefined ? undefined : ofEndpoint(endpoint, provider);
  if (byEndpoint !== undefined) return byEndpoint;
  if (provider !== undefined) {
    const name = providerNamed(provider, model);
    return isLocalProvider(name) && !isCloud ? { provider: name, charge: 'free' } : { provider: name };
  }
  const byId = messageId === undefined ? undefined : IDS.find(([pattern]) => pattern.test(messageId));
  if (byId !== undefined) return { provider: byId[1] };
  const byModel = providerOfSpelling(model) ?? MODELS.find(([pattern]) => pattern.test(model))?.[1] ?? vendorOf(model);
  if (byModel === undefined) return undefined;
  return byModel === 'ollama' && !isCloud ? { provider: byModel, charge: 'free' } : { provider: byModel };
}

/** Who bills calls to this address; undefined for an unknown address. @param provider the tool's name for it. */
export function ofEndpoint(endpoint: string, provider: string | undefined): Payer | undefined {
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`);
  } catch {
    return undefined;
  }
  const host = url.hostname.toLowerCase();
  if (LOOPBACK.test(host)) {
    const name = provider?.toLowerCase();
    if (name !== undefined && (SERVERS.has(name) || isLocalProvider(name))) return { provider: name, charge: 'free' };
    const program = LOCAL_PORTS[url.port];
    // Any other program on this machine may be a proxy to a provider that charges.
    return program === undefined ? undefined : { provider: program, charge: 'free' };
  }
  const known = HOSTS.find(([pattern]) => pattern.test(host));
  return known === undefined ? undefined : { provider: known[1] };
}

/** Ids of Claude messages created by Amazon and Google. */
const IDS: readonly (readonly [RegExp, string])[] = [
  [/^msg_bdrk_/, 'bedrock'],
  [/^msg_vrtx_/, 'vertex'],
];

/** Model names that usually are of a single provider. */
const MODELS: readonly (readonly [RegExp, string])[] = [
  [
    /^(openrouter\/)?(anthropic|openai|google|x-ai|meta-llama|mistralai|moonshotai|z-ai|qwen|minimax|deepseek)\//,
    'openrouter',
  ],
  [/^(glm|zai|z-ai)-/i, 'zai'],
  [/^(kimi|moonshot)-/i, 'moonshotai'],
  [/^deepseek-/i, 'deepseek'],
  [/^minimax-/i, 'minimax'],
  [/^(qwen|qwq)/i, 'alibaba'],
];
