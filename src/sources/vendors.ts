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
