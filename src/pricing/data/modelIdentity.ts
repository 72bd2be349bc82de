import type { ModelInfo } from '@pydantic/genai-prices';
import { familyFirst } from './matching.ts';

/**
 * Whether the table knows a model by this name, and not just one whose name begins the same: its matching rules give
 * `claude-sonnet-5-6` the price of `claude-sonnet-5`, although it may be a different model. Dates, `-latest`, the provider's
 * prefix and cloud versions do not make a different model.
 */
export function isNameOf({ id, match }: ModelInfo, asked: string): boolean {
  const name = bare(asked);
  return namesIn(match).some((known) => known === name) || bare(id) === name;
}

const PREFIX = /^(?:arn:aws[\w-]*:bedrock:[^/]*\/|models\/|publishers\/[^/]+\/models\/|[\w.-]+\/)*/;
const REGION =
  /^(?:(?:us|eu|apac|jp|au|global|regional)(?:-gov)?\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|moonshot|minimax|zai|google)\./;
const MONTH = '(?:0[1-9]|1[0-2])';
const DAY = '(?:0[1-9]|[12]\\d|3[01])';
/** `-20250929`, `-2025-09-29`, `@20250929`, `-06-05`, `-0605`, `-2506`, `-v1:0`, `-latest`, `-001`, `[1m]`. */
const SUFFIX = new RegExp(
  `(?:\\[1m\\]|@default|@latest|-latest|[@-]20\\d{2}(?:-${MONTH}-${DAY}|${MONTH}${DAY})|-${MONTH}-?${DAY}|-2\\d${MONTH}|-v\\d+(?::\\d+)?|-00\\d)$`,
);

/** A fine-tuned model of OpenAI: `ft:gpt-4o-2024-08-06:org:name:id`. */
const FINE_TUNED = /^(ft:[^:]+):.*$/;

/** A model's name without the parts that do not make a different model. */
function bare(name: string): string {
  let text = name
    .trim()
    .toLowerCase()
    .replace(FINE_TUNED, '$1')
    .replace(PREFIX, '')
    .replace(REGION, '')
    .replaceAll(/[._]/g, '-');
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replace(SUFFIX, '');
  }
  return familyFirst(text.replace(/-$/, ''));
}

/** The literal texts of a matching rule, without its regular expressions. */
function namesIn(rule: unknown): string[] {
  if (typeof rule !== 'object' || rule === null) return [];
  if (Array.isArray(rule)) return rule.flatMap(namesIn);
  return Object.entries(rule).flatMap(([kind, value]) => {
    if (typeof value !== 'string') return namesIn(value);
    return kind === 'regex' ? [] : [bare(value)];
  });
}
