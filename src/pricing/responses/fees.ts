import { numberAt, objectAt, objectIn, objectsAt, textAt, type JsonObject } from './json.ts';
import type { Shape } from './shape.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/** Tools with a fee that no token count includes, and no price list of ours has. */

/** Items in the responses of OpenAI, xAI and Mistral. */
const ITEMS: Readonly<Record<string, string>> = {
  file_search_call: 'file search',
  code_interpreter_call: 'code interpreter',
  image_generation_call: 'image generation',
  x_search_call: 'X search',
};

/** Claude's tools that run on Anthropic's machines. */
const CLAUDE_TOOLS = /^(?:(?:bash_|text_editor_)?code_execution)$/;

/** The names of the tools used whose fee is not included in the cost, each once. */
export function unpricedTools({ response }: Shape): string[] {
  const names = new Set<string>();
  for (const { type } of objectsAt(response, 'output')) {
    const name = ownValue(ITEMS, String(type));
    if (name !== undefined) names.add(name);
  }
  for (const { type, name } of objectsAt(response, 'content')) {
    if (type === 'server_tool_use' && CLAUDE_TOOLS.test(String(name))) names.add('code execution');
  }
  const usage = objectAt(response, 'usage') ?? {};
  if ((numberAt(usage, 'num_sources_used') ?? 0) > 0) names.add('live search');
  const onServer = usage['server_side_tools_used'];
  if (Array.isArray(onServer) && onServer.length > 0) names.add("xAI's tools");
  if ((numberAt(usage, 'prompt_audio_seconds') ?? 0) > 0) names.add('audio by the second');
  const billed = objectIn(response, 'meta', 'billed_units') ?? {};
  if ((numberAt(billed, 'classifications') ?? 0) > 0) names.add('classification');
  if ((numberAt(billed, 'images') ?? 0) > 0 && numberAt(billed, 'image_tokens') === undefined) names.add('images');
  for (const connector of Object.keys(objectAt(usage, 'connectors') ?? {})) {
    names.add(connector.slice(0, 40).replaceAll('_', ' '));
  }
  if (searchesPreview(response)) names.add('web search preview');
  const messages = objectsAt(response, 'choices').map((choice) => objectAt(choice, 'message') ?? {});
  if (messages.some((message) => objectsAt(message, 'executed_tools').length > 0)) names.add("Groq's tools");
  if (objectsAt(response, 'candidates').some(usesMaps)) names.add('Google Maps');
  const context = textAt(usage, 'search_context_size');
  if (context === 'medium' || context === 'high') names.add('the larger search context');
  if (/^gpt-[\w.-]*-search-/.test(textAt(response, 'model') ?? '')) names.add('web search');
  return [...names];
}

function usesMaps(candidate: JsonObject): boolean {
  const grounding = objectAt(candidate, 'groundingMetadata') ?? {};
  return objectsAt(grounding, 'groundingChunks').some((chunk) => 'maps' in chunk);
}

/** The older version of OpenAI's search costs 2.5 times as much with models that do not reason. */
export function searchesPreview(response: JsonObject): boolean {
  return (
    (textAt(response, 'model') ?? '').startsWith('gpt-4') &&
    objectsAt(response, 'tools').some(({ type }) => String(type).startsWith('web_search_preview')) &&
    objectsAt(response, 'output').some(({ type }) => type === 'web_search_call')
  );
}
