import type { Fields } from '../fields.ts';
import { fieldsOf, parseJson } from '../fields.ts';
import { isEarlier } from '../record.ts';
import { keepPreferred } from '../source.ts';
import type { LineParser, ParserState, Sink, Source, SourceFile } from '../source.ts';
import { toldBy, withoutRepeats, type Told } from './spans.ts';

/** OpenTelemetry `gen_ai` spans in files of lines, as collectors and SDKs write them: one span a line, or OTLP's nesting. */
export const otel: Source = {
  id: 'otel',
  title: 'OpenTelemetry',
  // A file that someone names; there is no place where all of them are.
  locate: () => [],
  matches: (relative) => /\.(jsonl|ndjson|json)$/.test(relative),
  reading: () => ({ kind: 'lines', markers: [MARKER], parser: (file, state) => new OtelLines('otel', file, state) }),
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};

export const MARKER = 'gen_ai.';
/** A call and the agent's span that sums it up may be far apart; what is told is kept this long to compare. */
const KEPT = 5_000;

/** Compares what a file tells at its end: which telling of a call is the most detailed is known only then. */
export class OtelLines implements LineParser {
  readonly #source: string;
  readonly #fallbackTime: string;
  #told: Told[];

  constructor(source: string, file: SourceFile, state: ParserState | undefined) {
    this.#source = source;
    this.#fallbackTime = new Date(file.modifiedAt).toISOString();
    this.#told = (state as unknown as Told[] | undefined)?.slice() ?? [];
  }

  state(): ParserState {
    return JSON.parse(JSON.stringify(this.#told)) as ParserState;
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    for (const record of recordsIn(entry)) {
      const told = toldBy(this.#source, record, this.#fallbackTime);
      if (told !== undefined) this.#told.push(told);
    }
    if (this.#told.length <= KEPT) return;
    const old = this.#told.slice(0, KEPT / 2);
    for (const found of withoutRepeats(old)) sink.usage(found);
    this.#told = this.#told.slice(KEPT / 2);
  }

  end(sink: Sink): boolean {
    for (const found of withoutRepeats(this.#told)) sink.usage(found);
    return false;
  }
}

/** The spans and log records of a line: itself, or all of an OTLP export. */
function* recordsIn(entry: Fields): Generator<Fields> {
  const groups = [
    ['resourceSpans', 'scopeSpans', 'spans'],
    ['resourceLogs', 'scopeLogs', 'logRecords'],
  ] as const;
  let nested = false;
  for (const [outer, middle, inner] of groups) {
    for (const resource of listOf(entry[outer])) {
      nested = true;
      for (const scope of listOf(resource[middle])) yield* listOf(scope[inner]);
    }
  }
  if (!nested) yield entry;
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf).filter((each) => each !== undefined) : [];
}
