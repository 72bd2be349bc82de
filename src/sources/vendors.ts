/** The vendor of a model, for tools that offer models of many vendors: prices are looked up by vendor. */
const VENDORS: readonly (readonly [RegExp, string])[] = [
  [/(^|[/.])claude/i, 'anthropic'],
  [/(^|\/)(gpt-|o\d(-|$)|chatgpt|codex)/i, 'openai'],
  [/(^|\/)(gemini|gemma)/i, 'google'],
  [/(^|\/)grok/i, 'x-ai'],
  [/(^|\/)deepseek/i, 'deepseek'],
  [/(^|\/)(mistral|codestral|devstral|magistral)/i, 'mistral'],
];

/** undefined: the name does not reveal it. */
export function vendorOf(model: string): string | undefined {
  return VENDORS.find(([pattern]) => pattern.test(model))?.[1];
}

/** Tools' names for a provider, without spaces, dots and underscores, where they differ from the name that records have. */
const PROVIDERS: readonly (readonly [RegExp, string])[] = [
  // A reseller first: `google-vertex-anthropic`, `azure-openai`.
  [/bedrock|^aws$/, 'bedrock'],
  [/^az(ure)?(-|$)/, 'azure'],
  [/vertex/, 'vertex'],
  [/^(claude(-code|-ai)?|anthropic)$/, 'anthropic'],
  [/^(codex(-cli)?|chatgpt|openai-(native|codex|responses|chat(gpt)?))$/, 'openai'],
  [/^(gemini(-cli)?|gcp-gemini|google-(gemini|ai-studio|ai|generative-ai|genai))$/, 'google'],
  [/^(x-?ai|grok)$/, 'x-ai'],
  [/^(kimi(-for-coding)?|moonshot(-?ai)?(-cn)?)$/, 'moonshotai'],
  [/^z-?ai(-coding-plan)?$/, 'zai'],
  [/^(zhipu(-?ai)?(-coding-plan)?|bigmodel(-cn)?)$/, 'zhipuai'],
  [/^(qwen(-code)?|dashscope(-intl)?|alibaba(-cloud|-cn)?)$/, 'alibaba'],
  [/^mistral-?ai$/, 'mistral'],
  [/^deepseek(-ai)?$/, 'deepseek'],
  [/^minimax(-cn)?$/, 'minimax'],
  [/^together(-?ai)?$/, 'together'],
  [/^fireworks(-?ai)?$/, 'fireworks'],
  [/^(github-)?copilot(-cli)?$/, 'github-copilot'],
  [/^lm-?studio$/, 'lmstudio'],
];

/** The name that records have for a provider, so that one provider is one group, whatever tools call it. */
export function providerNamed(provider: string, model: string): string {
  const plain = provider
    .trim()
    .toLowerCase()
    .replaceAll(/[\s._]+/g, '-');
  const name = PROVIDERS.find(([pattern]) => pattern.test(plain))?.[1] ?? provider;
  // Google bills its own models, by Vertex or not.
  return name === 'vertex' && vendorOf(model) === 'google' ? 'google' : name;
}
