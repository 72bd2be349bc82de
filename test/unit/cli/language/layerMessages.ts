import { translatedMessage } from '../../../../src/language/message.ts';
import { LAYERS } from '../../repo/layers.ts';
import { quotedTexts, sourcesByName, type Quoted } from './texts.ts';

/**
 * Finds the messages of the layers below the command and the editor: every text of at least two words there, without those that
 * no person reads in this form.
 */
export function layerMessages(): string[] {
  const found = LAYERS.flatMap((layer) => sourcesByName(layer))
    .filter(({ name }) => !UNSEEN_FILES.some(([files]) => files.test(name)))
    .flatMap(({ source }) => quotedTexts(source))
    .filter((quoted) => isMessage(quoted))
    .map(({ key }) => key);
  return [...new Set(found)].toSorted();
}

/** Files whose texts are not for a person, with the reason. */
const UNSEEN_FILES: readonly (readonly [RegExp, string])[] = [
  [/^src\/pricing\/data\//, 'prices, and names of providers'],
  [/^src\/tools\//, 'models read these, in English'],
  [/^src\/live\/(?:body|otlp|protobuf|receiver)\.ts$/, 'answers to programs that send telemetry'],
  [/^src\/pricing\/responses\/notIncluded\.ts$/, 'names of fields'],
  [/^src\/columns\//, 'errors of our own code'],
  [/^src\/budgets\/(?:headroom|jsonGrowth)\.ts$/, 'caught where they are thrown: the ledger is read anew'],
  [/^src\/budgets\/desktop\.ts$/, 'scripts of the system'],
  [/^src\/library\/costTracker\.ts$/, 'errors for programmers'],
  [/^src\/sync\/roles\.ts$/, 'SQL for an administrator, with comments'],
  [/^src\/ledger\/postgres\/(?:sums\/|upgrades)/, 'SQL'],
  [/^src\/git\/receiptText\.ts$/, 'a comment in a pull request, whose readers may speak other languages'],
];

/** The sentences of a message, each with places of its own: a translation of each serves every message that has it. */
export function sentencesOf(message: string): string[] {
  return message.split(/(?<=[.?!]) (?=[\p{Lu}"{])/u).map((sentence) => {
    const places = [...new Set([...sentence.matchAll(/\{\d+\}/g)].map(([place]) => place))];
    return sentence.replaceAll(/\{\d+\}/g, (place) => `{${places.indexOf(place)}}`);
  });
}

/** A message in which only values and punctuation are left, once all that the catalogue knows is taken out. */
export function isTranslated(message: string, known: ReadonlyMap<string, string>): boolean {
  const isEmpty = (text: string): boolean => {
    const sample = text.replaceAll(/\{(\d+)\}/g, 'x$1');
    return /^(?:[\s\p{P}]|x\d)*$/u.test(translatedMessage(sample, known));
  };
  return isEmpty(message) || sentencesOf(message).every(isEmpty);
}

function isMessage({ key, before }: Quoted): boolean {
  if (!SENTENCE.test(key.replaceAll(/\{\d+\}/g, ' ')) || CODE.test(key) || NOT_SHOWN.has(key)) return false;
  return !NAMED.test(before);
}

/** Two words with a space between them somewhere. */
const SENTENCE = /\p{L}{2}.* .*\p{L}{2}/su;

/** SQL and other languages for programs. */
const CODE =
  /\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|FROM|WHERE|PRAGMA|DROP|GRANT|BEGIN|UNION|BETWEEN|VACUUM|CASE|CAST|DOUBLE|ARRAY|NULL|COPY|PARTITION)\b|=>|<!--/;

/** Names of products, and texts that the command and the editor have in tables of their own. */
const NAMED = /\b(?:title|label|help|name|flag|value): $|\bconst \w*(?:_NAMES|TITLE|EDITORS)\b[^;]*$/;

/** Texts that are looked for in files of others or written into files, or that no message contains. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  // Names, and what other programs write.

  'Application Support',
  'Google Maps',
  "Groq's tools",
  "xAI's tools",
  'Claude Code',
  'Code - Insiders',
  'LLM Spend',
  'otel, other programs',

  'GenAI inference:',
  'Cache Read',
  'Input (w/ Cache Write)',
  'Input (w/o Cache Write)',
  'Max Mode',
  'Output Tokens',
  'SQLite format 3\0',
  'commit (amend)',
  'deepseek chat',
  'gemini 3 flash',
  'gpt-5 chat',
  // What a program reads.
  '/proc/{0}/fd',
  '/proc/{0}/stat',
  'ref: refs/remotes/origin/',
  'worktrees/{0}/HEAD',
  'accumulated_{0}_tokens',
  'OTEL_EXPORTER_OTLP_{0}_ENDPOINT',
  'OTEL_EXPORTER_OTLP_{0}_HEADERS',
  'OTEL_EXPORTER_OTLP_{0}_PROTOCOL',
  '{ "version": {0}, "rules": [{1}] }\n',
  '{"seen":{0},"record":{1}}\n',
  '"fetched":{0},"date":{1}',

  'comma or end',
  'first key',
  'value or end',
  'coalesce({0}, 0) AS {1}',
  '\0not attributed',
  '\0not committed yet',

  'llm-spend budget hook claude-code',
  'llm-spend budget hook codex',
  'git config --global --add safe.directory {0}',
  'The setting llmSpend.prices of an editor, which writes this file. Change it there.',
  // The command and the editor have these in tables of their own.
  'Cost type',
  '{0} of plan usage at list price',
  ', and {0} more',
  // Stored with records, as the source of their price.
  '{0}: its own figure',
  '{0}: AI credits at ${1}',
  '{0}: credits at ${1}',
  // Rules of a price, which only models read (`src/tools/priceCall.ts`).
  'Counts of a whole session: no long-context price is applied',
  'Free: nobody is billed for this call',
  'Custom price for {0}',
  'List price since {0}',
  'List price x{0} ({1})',
  'Assumed: the price of {0}, whose name is the nearest',
  'Long-context price for the whole call: more than {0} input tokens',
  'The table has no price for one-hour cache writes of this model: priced like other cache writes',
  'Web searches are not included in the cost: their price is unknown',
  // Budgets in English, for agents and webhooks.

  ' by the team',
  ' on all my machines',
  'as of {0}',
  'at least ',
  'has reached {0} %',
  'is used up',
  'one session',
  'Likely end of the period: {0}.',
  'Most of it is {0}: {1}.',
  'At this pace the limit is passed on {0}. Likely end of the period: {1}.',
  // Errors of our own code, most of which are caught.
  'More members are wanted than there is room for.',
  'The names of the wanted members are too long.',
  'no access',
  'a record has to be read first',
  'no record at {0}',
  'not a record: {0}',
  'the record {0} {1}',
  'not a non-negative decimal number: {0}',
  'the database file was replaced by another',
  'tables of version {0}',
  'the worker ended without an answer',
]);
