import { isLocalProvider } from '../../pricing/providers.ts';
import { firstText, textOf, type Fields } from '../fields.ts';
import { ofEndpoint, type Payer } from '../payer.ts';
import { providerNamed, vendorOf } from '../vendors.ts';

/** Providers that run models of several vendors, by the names that instrumentations give them. */
const RESELLERS: readonly (readonly [RegExp, string])[] = [
  [/bedrock|^aws$/, 'bedrock'],
  [/^az(ure)?([._-]|$)/, 'azure'],
  [/vertex/, 'vertex'],
  [/^(openrouter|groq|together|fireworks|deepinfra|cerebras|perplexity|sambanova|novita|nebius)/, '$1'],
];

/** Who bills the call of a span: the owner of its endpoint, else a provider that resells models, else the model's vendor. */
export function spanPayer(attributes: Fields, model: string): Payer {
  const named = firstText(attributes, 'gen_ai.provider.name', 'gen_ai.system');
  const vendor = vendorOf(model);
  const endpoint = endpointOf(attributes);
  const byEndpoint = endpoint === undefined ? undefined : ofEndpoint(endpoint, named);
  // Copilot's models are priced by their vendors.
  if (byEndpoint !== undefined && byEndpoint.provider !== 'github-copilot') return byGoogle(byEndpoint, vendor);
  const name = named?.toLowerCase() ?? '';
  if (named !== undefined && isLocalProvider(named)) return { provider: named };
  for (const [pattern, provider] of RESELLERS) {
    const match = pattern.exec(name);
    if (match !== null) return byGoogle({ provider: provider === '$1' ? match[1]! : provider }, vendor);
  }
  return { provider: vendor ?? (named === undefined ? 'unknown' : providerNamed(named, model)) };
}

/** Google bills its own models, by Vertex or not. */
function byGoogle(payer: Payer, vendor: string | undefined): Payer {
  return payer.provider === 'vertex' && vendor === 'google' ? { provider: vendor } : payer;
}

function endpointOf(attributes: Fields): string | undefined {
  const host = textOf(attributes['server.address']);
  if (host === undefined) return firstText(attributes, 'gen_ai.openai.api_base', 'llm.openai.api_base');
  const given = attributes['server.port'];
  const port = typeof given === 'number' ? String(given) : textOf(given);
  const isWhole = /^[a-z][a-z\d+.-]*:\/\//i.test(host);
  return isWhole || port === undefined ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
