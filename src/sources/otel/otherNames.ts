import { firstText, textOf, type Fields } from '../fields.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/**
 * Names of attributes other than those of the conventions: of OpenInference (Arize Phoenix), of OpenLLMetry until 2024, and of the
 * Vercel AI SDK until version 4.
 */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  'gen_ai.request.model': ['llm.request.model_name', 'llm.request.model', 'ai.model.id'],
  'gen_ai.response.model': [
    'llm.response.model_name',
    'llm.model_name',
    'embedding.model_name',
    'llm.response.model',
    'ai.response.model',
  ],
  'gen_ai.provider.name': ['gen_ai.system', 'llm.provider', 'llm.system', 'llm.vendor'],
};

/** OpenInference's kinds of spans that are single calls. The other kinds contain calls, or are none. */
const KINDS: Readonly<Record<string, string | undefined>> = { LLM: 'chat', EMBEDDING: 'embeddings' };

/** A span's attributes, with the names of the conventions for model, provider and operation added. */
export function conventional(attributes: Fields): Fields {
  const added: Record<string, unknown> = {};
  for (const [name, others] of Object.entries(OTHER_NAMES)) {
    const value = attributes[name] === undefined ? firstText(attributes, ...others) : undefined;
    if (value !== undefined) added[name] = value;
  }
  const operation = attributes['gen_ai.operation.name'] === undefined ? operationOf(attributes) : undefined;
  if (operation !== undefined) added['gen_ai.operation.name'] = operation;
  return { ...attributes, ...added };
}

function operationOf(attributes: Fields): string | undefined {
  const kind = textOf(attributes['openinference.span.kind'])?.toUpperCase();
  if (kind !== undefined && kind !== 'UNKNOWN') return ownValue(KINDS, kind) ?? 'invoke_agent';
  const type = textOf(attributes['llm.request.type'])?.toLowerCase();
  return type === 'embedding' ? 'embeddings' : type;
}
