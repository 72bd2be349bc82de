import { fieldProblem, readCost, readTags, readTime, readTokens } from './typedValues.ts';
import type { DecimalMark, Reading } from './typedValues.ts';
import { modelRun } from './modelRun.ts';
import type { ModelFit } from './modelRun.ts';
import { wordsOf } from './words.ts';
import type { Word } from './words.ts';

/**
 * Parses a call typed in one line: `gpt-5 12k 800`, `0.05 claude-opus review`. Pure.
 *
 * Whole numbers are input, output and cached tokens, in this order; an amount with cents is the cost; the words that match a
 * model are the model, and one word next to it is the operation. `key:value` sets any field, `#tag` is a tag.
 */
export interface RecordLine {
  /** As typed. Empty: none. */
  model: string;
  /** The position of the model in the line. */
  modelAt: { start: number; end: number } | undefined;
  provider?: string;
  operation?: string;
  input?: number;
  output?: number;
  cacheRead?: number;
  cacheWrite?: number;
  cost?: number;
  project?: string;
  tags?: string[];
  note?: string;
  time?: string;
  /** The first part that cannot be parsed. */
  problem?: string;
}

export interface LineOptions {
  /** The quality of the match between a text and the known models. */
  fit: (text: string) => ModelFit | undefined;
  /** Whether a word can only be the name of a provider. */
  isProvider: (word: string) => boolean;
  mark: DecimalMark;
  /** ms since the epoch; times without a date are of this day. */
  now: number;
}

type Field = Exclude<keyof RecordLine, 'problem' | 'modelAt'>;

/** The field for each key. */
const KEYS: Readonly<Record<string, Field>> = {
  model: 'model',
  provider: 'provider',
  op: 'operation',
  operation: 'operation',
  in: 'input',
  input: 'input',
  out: 'output',
  output: 'output',
  cached: 'cacheRead',
  cache: 'cacheRead',
  written: 'cacheWrite',
  cost: 'cost',
  project: 'project',
  tag: 'tags',
  tags: 'tags',
  note: 'note',
  time: 'time',
  at: 'time',
};
const KEY_NAMES: ReadonlySet<string> = new Set(Object.keys(KEYS));

const NAMES: Readonly<Record<Field, string>> = {
  model: 'Model',
  provider: 'Provider',
  operation: 'Operation',
  input: 'Input tokens',
  output: 'Output tokens',
  cacheRead: 'Cached tokens',
  cacheWrite: 'Tokens written to the cache',
  cost: 'Cost',
  project: 'Project',
  tags: 'Tags',
  note: 'Note',
  time: 'Time',
};

/** Numbers that can be tokens with another mark between thousands, or in the notation of programs: `12.000`, `1e4`. */
const TOKENS_OR_COST = /^[1-9]\d{0,2}(?:[.,]\d{3})+$|^\d+(?:\.\d+)?e\d+$/i;

/** The order of tokens typed as plain numbers. */
const TOKENS = ['input', 'output', 'cacheRead'] as const;

const COUNTED = /^tok(?:ens?)?$/i;
/** Words after a number that belong to it. */
const UNIT = /^(?:k|m|mio|mln|tok(?:ens?)?|\$|usd)$/i;
/** Words that are no operation: unknown keys, tiers, which change the price, and currencies. */
const NO_OPERATION = /^[\p{L}_-]+:|^(?:batch|flex|priority)$|^\p{Sc}$/iu;

export function readRecordLine(line: string, options: LineOptions): RecordLine {
  return new LineReader(options).read(wordsOf(line, KEY_NAMES));
}

class LineReader {
  readonly #options: LineOptions;
  readonly #line: RecordLine = { model: '', modelAt: undefined };
  readonly #keyedAt = new Map<Field, number>();

  constructor(options: LineOptions) {
    this.#options = options;
  }

  read(words: readonly Word[]): RecordLine {
    for (const word of words) if (word.key !== undefined) this.#keyed(KEYS[word.key]!, word);
    const tags = words.filter((word) => isTag(word));
    if (tags.length > 0)
      this.#set('tags', readTags([...(this.#line.tags ?? []), ...tags.map(({ text }) => text.slice(1))].join(',')));
    this.#free(this.#withUnits(words.filter((word) => word.key === undefined && !isTag(word))));
    this.#check();
    return this.#line;
  }

  #keyed(field: Field, word: Word): void {
    const { mark, now } = this.#options;
    const { text } = word;
    // The user is about to type the value.
    if (text === '' && !word.isQuoted) return;
    this.#keyedAt.set(field, word.start);
    if (field !== 'tags' && this.#line[field] !== undefined && this.#line[field] !== '') return this.#twice(field);
    if (field === 'input' || field === 'output' || field === 'cacheRead' || field === 'cacheWrite') {
      return this.#set(field, readTokens(text, mark));
    }
    if (field === 'cost') return this.#set(field, readCost(text, mark));
    if (field === 'time') return this.#set(field, readTime(text, now));
    if (field === 'tags') return this.#set(field, readTags([...(this.#line.tags ?? []), text].join(',')));
    if (field === 'model') this.#line.modelAt = word;
    this.#set(field, readName(field, text));
  }

  /** Joins units to the number before them (`12 k`), and leaves out words that say only what a number is (`12k tokens,`). */
  #withUnits(words: readonly Word[]): Word[] {
    const joined: Word[] = [];
    for (const word of words) {
      const before = joined.at(-1);
      const text = word.isQuoted ? word.text : word.text.replace(/(?<=.)[,;]$/, '');
      if (before !== undefined && this.#isNumber(before) && !word.isQuoted && UNIT.test(text)) {
        const unit = COUNTED.test(text) ? '' : text;
        joined[joined.length - 1] = { ...before, text: before.text + unit, end: word.end };
      } else joined.push({ ...word, text });
    }
    return joined;
  }

  /** Words without a key: the model, the operation, and numbers. */
  #free(words: readonly Word[]): void {
    const { fit } = this.#options;
    let run = modelRun(words, (word) => this.#isNumber(word), fit);
    if (this.#line.model !== '') {
      if (run !== undefined && fit(run.text) === 'whole') return this.#twice('model');
      run = undefined;
    }
    if (run !== undefined) {
      this.#line.modelAt = run;
      this.#set('model', readName('model', run.text));
    }
    for (const word of words) {
      if (run !== undefined && word.start >= run.start && word.end <= run.end) continue;
      if (this.#isNumber(word)) this.#number(word);
      else if (!word.isQuoted && /^[^\p{L}]*\p{N}/u.test(word.text))
        this.#refuse(`"${word.text}" is not a number here`);
      else if (this.#isProvider(word)) this.#provider(word.text.toLowerCase());
      else this.#operation(word);
    }
  }

  #isNumber({ text, isQuoted }: Word): boolean {
    return (
      !isQuoted && (/^[$+-]?[.,]?\d[\d.,_]*(?:k|m|mio|mln|\$|usd)?$/i.test(text) || /^\d+(?:\.\d+)?e-?\d+$/i.test(text))
    );
  }

  /** `gpt-5 azure 12k`: a model of another provider than its vendor. */
  #isProvider({ text, isQuoted }: Word): boolean {
    return !isQuoted && this.#options.isProvider(text.toLowerCase());
  }

  #provider(name: string): void {
    if (this.#line.provider === undefined) this.#set('provider', readName('provider', name));
    else this.#twice('provider');
  }

  #operation({ text, isQuoted }: Word): void {
    if (this.#line.operation !== undefined || (!isQuoted && NO_OPERATION.test(text))) {
      this.#refuse(`"${text}" is not understood`);
    } else if (this.#line.model !== '' && this.#options.fit(text) === 'whole') this.#twice('model');
    else this.#set('operation', readName('operation', text));
  }

  #number({ text, start }: Word): void {
    const { mark } = this.#options;
    const tokens = readTokens(text, mark);
    if ('value' in tokens) {
      const field = TOKENS.find((each) => this.#line[each] === undefined);
      // `1k in:2k`: by its place the number is the input, too.
      const keyed = TOKENS.slice(0, field && TOKENS.indexOf(field)).find((each) => this.#keyedAt.get(each)! > start);
      if (keyed !== undefined) this.#twice(keyed);
      else if (field === undefined)
        this.#refuse(`There are more numbers than input, output and cached tokens: ${text}`);
      else this.#set(field, tokens);
      return;
    }
    const cost = readCost(text, mark);
    if (!('value' in cost)) this.#refuse(`"${text}" is not a number here`);
    else if (TOKENS_OR_COST.test(text))
      this.#refuse(`"${text}" can be tokens or a cost: write the digits alone, or $${text}`);
    else if (this.#line.cost === undefined) this.#set('cost', cost);
    else this.#twice('cost');
  }

  #check(): void {
    const { input = 0, cacheRead = 0, cacheWrite = 0 } = this.#line;
    if (cacheRead + cacheWrite > input)
      this.#refuse('The cached tokens are part of the input tokens, and there are more of them');
  }

  #set<Key extends Field>(field: Key, reading: Reading<RecordLine[Key]>): void {
    if ('value' in reading) this.#line[field] = reading.value;
    else this.#refuse(`${NAMES[field]} ${reading.problem}`);
  }

  #twice(field: Field): void {
    this.#refuse(`${NAMES[field]} is given twice`);
  }

  #refuse(problem: string): void {
    this.#line.problem ??= problem;
  }
}

function isTag({ text, key, isQuoted }: Word): boolean {
  return key === undefined && !isQuoted && text.length > 1 && text.startsWith('#');
}

function readName(field: 'model' | 'provider' | 'operation' | 'project' | 'note', text: string): Reading<string> {
  const problem = fieldProblem(field, text);
  return problem === undefined ? { value: text } : { problem };
}
