import { frameworkVendor } from './frameworks.ts';
import { groundings, toolsOf } from './geminiCounts.ts';
import { isObject, numberAt, objectAt, objectIn, objectsAt, textAt, type JsonObject } from './json.ts';
import { imagesByTool } from './calls.ts';
import type { Shape } from './shape.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/** Finds what the cost of a response does not include: tools with a fee that no price list has, and counts that no reader knows. */

/** Items in the responses of OpenAI, xAI and Mistral, which LangChain keeps in a message's content. */
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
  const images = imagesByTool(response);
  for (const { type } of [...objectsAt(response, 'output'), ...objectsAt(response, 'content')]) {
    const name = type === 'image_generation_call' && images !== undefined ? undefined : ownValue(ITEMS, String(type));
    if (name !== undefined) names.add(name);
  }
  for (const { type, name } of objectsAt(response, 'content')) {
    if (type === 'server_tool_use' && CLAUDE_TOOLS.test(String(name))) names.add('code execution');
  }
  const usage = objectAt(response, 'usage') ?? {};
  if ((numberAt(usage, 'num_sources_used') ?? 0) > 0) names.add('live search');
  const onServer = usage['server_side_tools_used'];
  if ((Array.isArray(onServer) && onServer.length > 0) || (numberAt(usage, 'num_server_side_tools_used') ?? 0) > 0) {
    names.add("xAI's tools");
  }
  if ((numberAt(usage, 'prompt_audio_seconds') ?? 0) > 0) names.add('audio by the second');
  const billed = objectIn(response, 'meta', 'billed_units') ?? {};
  if ((numberAt(billed, 'classifications') ?? 0) > 0) names.add('classification');
  if ((numberAt(billed, 'images') ?? 0) > 0 && numberAt(billed, 'image_tokens') === undefined) names.add('images');
  for (const connector of Object.keys(objectAt(usage, 'connectors') ?? {})) {
    names.add(connector.slice(0, 40).replaceAll('_', ' '));
  }
  for (const tool of toolsOfAiSdk(response)) names.add(tool);
  if (searchesPreview(response)) names.add('web search preview');
  const messages = objectsAt(response, 'choices').map((choice) => objectAt(choice, 'message') ?? {});
  if (messages.some((message) => objectsAt(message, 'executed_tools').length > 0)) names.add("Groq's tools");
  const tools = toolsOf(response);
  if (tools.has('google_maps') || groundings(response).some(usesMaps)) names.add('Google Maps');
  if (tools.has('retrieval')) names.add('retrieval');
  const context = textAt(usage, 'search_context_size');
  if (context === 'medium' || context === 'high') names.add('the larger search context');
  if (/^gpt-[\w.-]*-search-/.test(textAt(response, 'model') ?? '')) names.add('web search');
  return [...names];
}

/** Tools of the vendor in a result of Vercel's AI SDK. It does not say how often they are charged. */
function toolsOfAiSdk(result: JsonObject): string[] {
  // Gemini's searches are counted, and its other tools cost their tokens alone.
  if (frameworkVendor(result) === 'google') return [];
  const calls = [result, ...objectsAt(result, 'steps')].flatMap((part) => [
    ...objectsAt(part, 'content'),
    ...objectsAt(part, 'toolCalls'),
  ]);
  return calls
    .filter((call) => call['providerExecuted'] === true)
    .map((call) => (textAt(call, 'toolName') ?? '').slice(0, 40).replaceAll('_', ' '));
}

function usesMaps(grounding: JsonObject): boolean {
  return ['groundingChunks', 'grounding_chunks'].some((field) =>
    objectsAt(grounding, field).some((chunk) => isObject(chunk['maps'])),
  );
}

/** The older version of OpenAI's search costs 2.5 times as much with models that do not reason. */
export function searchesPreview(response: JsonObject): boolean {
  return (
    (textAt(response, 'model') ?? '').startsWith('gpt-4') &&
    objectsAt(response, 'tools').some(({ type }) => String(type).startsWith('web_search_preview')) &&
    objectsAt(response, 'output').some(({ type }) => type === 'web_search_call')
  );
}

/** Deeper than any count that an API sends. */
const MAX_DEPTH = 7;
const COUNT = /tokens?(?:_?count)?$/i;
/** Objects that readers or {@link unpricedTools} look at; here other names are looked for. */
const PLACES: ReadonlySet<string> = new Set(
  (
    'usage usageMetadata usage_metadata usage_breakdown token_usage tokenUsage totalUsage ' +
    'accumulated_usage modelUsage models_usage per_model_usage tool_usage svg_usage'
  ).split(' '),
);

/** The counts that the readers use, in lower case and without underscores, as APIs differ in nothing else. */
const READ = [
  'audiotokens cachecreationinputtokens cachecreationtokens cachedcontenttokencount cachedinputtokencount cachedinputtokens',
  'cachedprompttexttokens cachedprompttokens cachedtokens cachereadinputtokencount cachereadinputtokens cachereadtokens',
  'cachewriteinputtokencount cachewriteinputtokens cachewritetokens candidatestokencount citationtokens completiontokens',
  'connectortokens ephemeral12hinputtokens ephemeral1hinputtokens imagetokens inputtexttokencount inputtokencount inputtokens numcachedtokens',
  'outputtokencount outputtokens promptcachehittokens prompttokencount prompttokens reasoningoutputtokens reasoningtokencount',
  'reasoningtokens requesttokens responsetokencount responsetokens texttokens thinkingtokens thoughtstokencount',
  'thoughtstokens token tokencount tokens tooluseprompttokencount ttl12htokens videotokens',
];
/** Parts of counts that the readers use, and other numbers about tokens. */
const NOT_BILLED_APART = [
  'acceptedpredictiontokens rejectedpredictiontokens ephemeral5minputtokens ephemeral30minputtokens ttl30mtokens',
  'promptcachemisstokens initialinputtokens initialprompttokens nocachetokens prompttexttokens promptimagetokens',
];
const KNOWN: ReadonlySet<string> = new Set([...READ, ...NOT_BILLED_APART].flatMap((line) => line.split(' ')));

/**
 * The names of unknown counts above zero in a response, each once: they may be billed, so that the cost may be too low. Totals
 * are no counts of their own.
 */
export function unknownCounts(response: JsonObject): string[] {
  const names = new Set<string>();
  for (const part of [response, ...objectsAt(response, 'output')]) {
    for (const [place, value] of Object.entries(part)) {
      if (PLACES.has(place)) collect(value, (name) => !isKnown(name) && names.add(name), MAX_DEPTH);
      else if (/usage/i.test(place)) collect(value, (name) => names.add(`${place}.${name}`), MAX_DEPTH);
    }
  }
  return [...names];
}

function isKnown(name: string): boolean {
  return KNOWN.has(name.replaceAll('_', '').toLowerCase());
}

/** Calls `found` with the name of each count above zero. */
function collect(value: unknown, found: (name: string) => unknown, depth: number): void {
  if (depth === 0 || typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    if (typeof part !== 'number') collect(part, found, depth - 1);
    else if (part > 0 && COUNT.test(name) && !/^total/i.test(name)) found(name);
  }
}
