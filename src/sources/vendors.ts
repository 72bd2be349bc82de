/** Whose model it is, where a tool sells the models of many: prices are known by the vendor. */
const VENDORS: readonly (readonly [RegExp, string])[] = [
  [/(^|[/.])claude/i, 'anthropic'],
  [/(^|\/)(gpt-|o\d(-|$)|chatgpt|codex)/i, 'openai'],
  [/(^|\/)(gemini|gemma)/i, 'google'],
  [/(^|\/)grok/i, 'x-ai'],
  [/(^|\/)deepseek/i, 'deepseek'],
  [/(^|\/)(mistral|codestral|devstral|magistral)/i, 'mistral'],
];

/** undefined: its name does not say. */
export function vendorOf(model: string): string | undefined {
  return VENDORS.find(([pattern]) => pattern.test(model))?.[1];
}
