import type { Fields } from '../fields.ts';
import { fieldsOf, objectsIn, parseJson } from '../fields.ts';
import { formatOf, headOfSync } from '../reading/entries.ts';
import { DocumentLines, type Document } from './documentLines.ts';
import { guarded } from '../reading/guarded.ts';
import { readTextFile } from '../reading/whole.ts';
import { isEarlier } from '../record.ts';
import { keepPreferred } from '../source.ts';
import type { LineParser, ParserState, Sink, Source, SourceFile } from '../source.ts';
import { usageOfSpan, withoutRepeats, type SpanUsage } from './spans.ts';

/**
 * OpenTelemetry `gen_ai` spans in files, as written by collectors and SDKs: one span or OTLP export per line, or formatted
 * documents.
 */
export const otel: Source = {
  id: 'otel',
  title: 'OpenTelemetry',
  agent: null,
  // A file that someone names; there is no place where all of them are.
  locate: () => [],
  matches: (relative) => /\.(jsonl|ndjson|json)$/.test(relative),
  reading: (file) =>
    isFormatted(file)
      ? { kind: 'whole', read: readDocuments }
      : { kind: 'lines', markers: [], parser: (each, state) => new MixedLines(each, state) },
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};

export const MARKER = 'gen_ai.';
const MARKERS = [MARKER, 'llm.token_count.', 'llm.usage.', 'ai.usage.'];
/** A call may be far from the agent's span that summarises it, so this many usages are kept for comparison. */
const KEPT = 5_000;

/** Compares usages at the end of a file, because only then is it known which entry of a call is the most detailed. */
export class OtelLines implements LineParser {
  readonly #source: string;
  readonly #fallbackTime: string;
  #told: SpanUsage[];

  constructor(source: string, file: SourceFile, state: ParserState | undefined) {
    this.#source = source;
    this.#fallbackTime = new Date(file.modifiedAt).toISOString();
    this.#told = (state as unknown as SpanUsage[] | undefined)?.slice() ?? [];
  }

  state(): ParserState {
    return JSON.parse(JSON.stringify(this.#told)) as ParserState;
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    this.entry(entry, sink);
  }

  entry(entry: Fields, sink: Sink): void {
    for (const record of recordsIn(entry)) {
      const told = usageOfSpan(this.#source, record, this.#fallbackTime);
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

/** Whether a file contains documents that span several lines, or an array. */
function isFormatted({ path }: SourceFile): boolean {
  try {
    return formatOf(path, headOfSync(path)) === 'json';
  } catch {
    // Reading it will report the error.
    return false;
  }
}

function readDocuments(file: SourceFile, sink: Sink): void {
  const text = readTextFile(file, sink);
  if (text === undefined) return;
  const spans = new OtelLines('otel', file, undefined);
  const documents = new DocumentLines();
  for (const [i, line] of text.split('\n').entries()) readAll(documents.add(line, i + 1), spans, sink);
  readAll(documents.end(), spans, sink);
  spans.end(sink);
}

function readAll(documents: readonly Document[], spans: OtelLines, sink: Sink): void {
  for (const { text, line } of documents) {
    guarded(sink, line, () => {
      const value = parseJson(text);
      const entries = (Array.isArray(value) ? (value as unknown[]) : [value]).map(fieldsOf);
      for (const entry of entries) {
        if (entry === undefined) sink.skip('not-json', undefined, line);
        else spans.entry(entry, sink);
      }
    });
  }
}

/** The lines of a file that begins with a document in one line; formatted ones may follow. */
class MixedLines implements LineParser {
  readonly #spans: OtelLines;
  readonly #documents: DocumentLines;

  constructor(file: SourceFile, state: ParserState | undefined) {
    const { told, open, start } = (state ?? {}) as Partial<MixedState>;
    this.#spans = new OtelLines('otel', file, told);
    this.#documents = new DocumentLines({ open: open ?? [], start: start ?? 0 });
  }

  state(): ParserState {
    return { told: this.#spans.state(), ...this.#documents.state };
  }

  line(bytes: Buffer, sink: Sink, offset: number): void {
    if (offset === 0 && !/^\uFEFF?\s*(?:[{[]|$)/.test(bytes.toString('utf8', 0, HEAD))) {
      sink.skip('unknown-format', 'no line of JSON');
    }
    const mayOpen = offset === 0 || (OPENING.has(bytes[0]!) && bytes.at(-1) !== CLOSING);
    if (!this.#documents.isOpen && !mayOpen && !hasMarker(bytes)) return;
    const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
    const documents = this.#documents.add(text, 0);
    // Lines without usage may be of any kind.
    readAll(
      documents.filter((each) => MARKERS.some((marker) => each.text.includes(marker))),
      this.#spans,
      sink,
    );
  }

  end(sink: Sink): boolean {
    return this.#spans.end(sink);
  }
}

interface MixedState {
  told: ParserState;
  open: string[];
  start: number;
}

function hasMarker(bytes: Buffer): boolean {
  return bytes.length >= MARKER.length && MARKERS.some((marker) => bytes.includes(marker));
}

const OPENING = new Set(Buffer.from('{['));
const CLOSING = '}'.charCodeAt(0);
/** Number of bytes that show whether a file contains JSON. */
const HEAD = 256;

/** The spans and log records of a line: the line itself, or the contents of an OTLP export. */
function* recordsIn(entry: Fields): Generator<Fields> {
  const groups = [
    ['resourceSpans', 'scopeSpans', 'spans'],
    ['resourceLogs', 'scopeLogs', 'logRecords'],
  ] as const;
  let nested = false;
  for (const [outer, middle, inner] of groups) {
    for (const resource of objectsIn(entry[outer])) {
      nested = true;
      for (const scope of objectsIn(resource[middle])) yield* objectsIn(scope[inner]);
    }
  }
  if (!nested) yield entry;
}
