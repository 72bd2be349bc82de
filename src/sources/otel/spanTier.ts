import { fieldsOf, parseJson, textOf, type Fields } from '../fields.ts';
import { termText } from '../../usage/tables/termText.ts';

/** OpenTelemetry's conventions and older names; the tier of the response counts rather than the one that was asked for. */
const NAMES = [
  'openai.response.service_tier',
  'gen_ai.openai.response.service_tier',
  'gen_ai.response.service_tier',
  'gen_ai.anthropic.service_tier',
  'openai.request.service_tier',
  'gen_ai.openai.request.service_tier',
  'gen_ai.request.service_tier',
];
const USUAL: ReadonlySet<string> = new Set(['auto', 'default', 'standard']);

/** undefined: the usual tier. */
export function spanTier(attributes: Fields): string | undefined {
  let tier: string | undefined;
  for (const name of NAMES) tier ??= termText(attributes[name]);
  tier ??= tierInMetadata(textOf(attributes['ai.response.providerMetadata']));
  return tier === undefined || USUAL.has(tier.toLowerCase()) ? undefined : tier;
}

/** Vercel's AI SDK, as JSON: `{"openai":{"serviceTier":"priority"}}`. */
function tierInMetadata(text: string | undefined): string | undefined {
  if (text?.includes('"serviceTier"') !== true) return undefined;
  return Object.values(fieldsOf(parseJson(text)) ?? {})
    .map((each) => termText(fieldsOf(each)?.['serviceTier']))
    .find((each) => each !== undefined);
}
