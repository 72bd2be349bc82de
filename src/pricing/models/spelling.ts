/** Spellings of model names that only one provider uses. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/^arn:aws[\w-]*:bedrock/, 'bedrock'],
  // With a region or without: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
  [
    /^((us|eu|apac|jp|au|ca|global)(-gov)?\.)?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|writer|minimax|moonshot|moonshotai|nvidia|zai)\.[\w-]+/,
    'bedrock',
  ],
  [/^((us|eu|apac|global)\.)?google\.gemma-/, 'bedrock'],
  [/^claude-[\w.-]+@\d{8}$/, 'vertex'],
  // A name with a tag: `llama3.2:3b`, `qwen2.5-coder:32b`.
  [/^[a-z][\w.-]*:(\d+(\.\d+)?b|latest|cloud|[\w.-]*-cloud)[\w.-]*$/i, 'ollama'],
];

/** The provider of a model name that is spelled as only this provider spells it; undefined for other names. */
export function providerOfSpelling(model: string): string | undefined {
  return SPELLINGS.find(([pattern]) => pattern.test(model))?.[1];
}
