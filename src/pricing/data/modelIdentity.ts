import type { ModelInfo } from '@pydantic/genai-prices';

/**
 * Whether the table knows a model by a name, or only one whose name begins alike: its rules of matching give `claude-sonnet-5-6` the price of
 * `claude-sonnet-5`, which may be another one. Dates, `-latest`, the provider's prefix and the versions of clouds make no other model.
 */
export function isNameOf({ id, match }: ModelInfo, asked: string): boolean {
  const name = bare(asked);
  return namesIn(match).some((known) => known === name) || bare(id) === name;
}

const PREFIX = /^(?:models\/|publishers\/[^/]+\/models\/|[\w.-]+\/)*/;
const REGION =
  /^(?:(?:us|eu|apac|jp|au|global|regional)(?:-gov)?\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|moonshot|minimax|zai|google)\./;
/** `-20250929`, `-2025-09-29`, `-06-05`, `@20250929`, `-v1:0`, `-latest`, `-001`, `[1m]`. */
const SUFFIX =
  /(?:\[1m\]|@default|@latest|-latest|[@-]20\d{2}-?\d\d-?\d\d|-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|-\d{4}(?=$)|-v\d+(?::\d+)?|-00\d)$/;

/** A model's name without the parts that make no other model of it. */
function bare(name: string): string {
  let text = name.trim().toLowerCase().replace(PREFIX, '').replace(REGION, '').replaceAll(/[._]/g, '-');
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replace(SUFFIX, '');
  }
  return text;
}

/** The literal texts of a rule of matching, without their regular expressions. */
function namesIn(rule: unknown): string[] {
  if (typeof rule !== 'object' || rule === null) return [];
  if (Array.isArray(rule)) return rule.flatMap(namesIn);
  return Object.entries(rule).flatMap(([kind, value]) => {
    if (typeof value !== 'string') return namesIn(value);
    return kind === 'regex' ? [] : [bare(value)];
  });
}
