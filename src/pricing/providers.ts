/**
 * Maps tools' names for providers to the price table's.
 *
 * genai-prices recognises many by itself (`vertex_ai`, `amazon-bedrock`, `gemini-cli`); this list has only those that it does
 * not know or confuses with others.
 */
const ALIASES: Readonly<Record<string, string>> = {
  // Names used by inkwell, and by the agents whose logs we read
  claude: 'anthropic',
  'claude-code': 'anthropic',
  'claude.ai': 'anthropic',
  codex: 'openai',
  'codex-cli': 'openai',
  chatgpt: 'openai',
  // Contain "openai", so the table would mistake them for OpenAI.
  'azure-openai': 'azure',
  'azure-openai-responses': 'azure',
  'azure.ai.openai': 'azure',
  'az.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'az.ai.inference': 'azure',
  'azure-ai': 'azure',
  'azure-ai-foundry': 'azure',
  // Contain "anthropic" or "claude", but are billed by Amazon and Google.
  bedrock: 'aws',
  'amazon-bedrock': 'aws',
  'bedrock-anthropic': 'aws',
  'anthropic-bedrock': 'aws',
  'vertex-anthropic': 'google',
  'anthropic-vertex': 'google',
  'google-vertex-anthropic': 'google',
  grok: 'x-ai',
  'x.ai': 'x-ai',
  kimi: 'moonshotai',
  'z.ai': 'zai',
  'z-ai': 'zai',
  zhipu: 'zhipuai',
  'fireworks-ai': 'fireworks',
  togetherai: 'together',
  'together.ai': 'together',
  dashscope: 'alibaba',
  'dashscope-intl': 'alibaba',
  'alibaba-cloud': 'alibaba',
  qwen: 'alibaba',
  copilot: 'github-copilot',
  'copilot-cli': 'github-copilot',
  'bigmodel.cn': 'zhipuai',
  bigmodel: 'zhipuai',
};

/** Programs on a private machine, and services that do not charge for tokens, so they have no list price. */
const WITHOUT_LIST_PRICE: ReadonlySet<string> = new Set([
  'youtube',
  'ollama',
  'local',
  'localhost',
  'lmstudio',
  'lm-studio',
  'llama.cpp',
  'llama-cpp',
  'llamacpp',
  'llamafile',
  'vllm',
  'sglang',
  'mlx',
  'gpt4all',
  'jan',
  'koboldcpp',
  'text-generation-webui',
]);

/** Servers that often run on rented machines, and services that run no models. */
const NOT_SURELY_LOCAL: ReadonlySet<string> = new Set(['youtube', 'vllm', 'sglang', 'text-generation-webui']);

/** The name under which to look up the provider in the price table. */
export function tableProvider(provider: string): string {
  const name = plain(provider);
  return Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : provider.trim().toLowerCase();
}

/** The name that logs and users write for a provider of the price table. */
export function usualProvider(provider: string): string {
  return provider === 'aws' ? 'bedrock' : provider;
}

/** Whether a provider is a program that runs models on the user's own machine, as far as its name reveals it. */
export function isLocalProvider(provider: string): boolean {
  const name = plain(provider);
  return WITHOUT_LIST_PRICE.has(name) && !NOT_SURELY_LOCAL.has(name);
}

export function hasNoListPrice(provider: string): boolean {
  return WITHOUT_LIST_PRICE.has(plain(provider));
}

/** The zones of Azure deployments, as LiteLLM writes them before a model. */
const AZURE_ZONE = /^(?:azure\/)?(us|eu|global|global-standard)\//i;

/** The zone to which an Azure deployment is bound; undefined for a global one. */
export function azureZone(model: string, provider: string): string | undefined {
  const zone = provider === 'azure' ? AZURE_ZONE.exec(model.trim())?.[1]?.toLowerCase() : undefined;
  return zone?.startsWith('global') === true ? undefined : zone;
}

/**
 * The names under which the table may list a model, best first: as given, then without the parts that tools add (`models/` and
 * `publishers/google/models/` in Google's API, `anthropic/` before a vendor's own model, Claude Code's `[1m]`).
 */
export function modelNames(model: string, provider: string): string[] {
  const name = model.trim();
  const names = [name];
  const bare = name.replace(/\[1m\]$/i, '').replace(/^(?:publishers\/[^/]+\/)?models\//i, '');
  if (bare !== name) names.push(bare);
  const zoned = provider === 'azure' ? bare.replace(AZURE_ZONE, '') : bare;
  if (zoned !== bare) names.push(zoned);
  // Amazon puts the vendor in front of Claude's model names.
  if (provider === 'aws' && bare.startsWith('claude-')) names.push(`anthropic.${bare}`);
  const slash = bare.indexOf('/');
  if (slash > 0 && tableProvider(bare.slice(0, slash)) === provider) names.push(bare.slice(slash + 1));
  return names;
}

function plain(provider: string): string {
  return provider.trim().toLowerCase().replaceAll(/[_\s]/g, '-');
}
