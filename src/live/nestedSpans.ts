import { hexId } from '../sources/otel/spans.ts';
import { isRejection, type LiveCall } from './liveCall.ts';
import type { OtlpRecord } from './otlp.ts';

/**
 * Frameworks and clients may both report a call, in spans that contain each other: the innermost one counts. A span ends after
 * the spans in it and is often sent later, so what was counted is kept for a while.
 */

/** Maximum number of spans that are kept: about 10 MB. */
const MAX_SPANS = 50_000;
/** Maximum depth that is followed. Spans of a hostile sender may contain each other. */
const MAX_DEPTH = 64;

interface Counted {
  usageId: string;
  tokens: number;
  isEmbedding: boolean;
}

interface Tokens {
  chats: number;
  embeddings: number;
}

export class NestedSpans {
  readonly #parents = new Map<string, string>();
  readonly #counted = new Map<string, Counted>();
  /** The tokens of the counted spans in a span. */
  readonly #inside = new Map<string, Tokens>();

  /** Takes back what {@link select} noted of calls that could not be stored: a span around them is not their repeat then. */
  forget(calls: readonly LiveCall[]): void {
    const ids = new Set(
      calls.flatMap((call) => (call === undefined || isRejection(call) ? [] : [call.record.usage_id])),
    );
    for (const [key, { usageId, tokens, isEmbedding }] of this.#counted) {
      if (!ids.has(usageId)) continue;
      this.#counted.delete(key);
      this.#add(this.#ancestors(key), { chats: isEmbedding ? 0 : -tokens, embeddings: isEmbedding ? -tokens : 0 });
    }
  }

  /** The calls of these spans without those that repeat the calls in them. */
  select(spans: readonly { otlp: OtlpRecord; call: LiveCall }[]): LiveCall[] {
    for (const { otlp } of spans) this.#noteParent(otlp);
    const selected = new Set<LiveCall>();
    const inner = spans
      .filter(({ call }) => call !== undefined)
      .map((span) => ({ ...span, depth: this.#ancestors(keyOf(span.otlp)).length }))
      .toSorted((a, b) => b.depth - a.depth);
    for (const { otlp, call } of inner) if (!this.#isRepeat(otlp, call)) selected.add(call);
    this.#forgetOldest();
    return spans.map(({ call }) => call).filter((call) => selected.has(call));
  }

  #noteParent({ record }: OtlpRecord): void {
    const key = keyOf({ record });
    const parent = keyOf({ record: { traceId: record['traceId'], spanId: record['parentSpanId'] } });
    if (key === undefined || parent === undefined || this.#parents.has(key)) return;
    this.#parents.set(key, parent);
    // Calls in it may have been counted before its place was known.
    const inside = this.#inside.get(key);
    if (inside !== undefined) this.#add(this.#ancestors(key), inside);
  }

  #ancestors(key: string | undefined): string[] {
    const found: string[] = [];
    for (let at = key && this.#parents.get(key); at !== undefined; at = this.#parents.get(at)) {
      if (found.length === MAX_DEPTH || at === key) break;
      found.push(at);
    }
    return found;
  }

  /** Whether the spans in it have all of its tokens. A span around them that reports more has a call that they do not report. */
  #isRepeat(otlp: OtlpRecord, call: LiveCall): boolean {
    const key = keyOf(otlp);
    if (key === undefined || call === undefined) return false;
    const inside = this.#inside.get(key);
    if (isRejection(call)) return inside !== undefined && inside.chats + inside.embeddings > 0;
    const { record } = call;
    const isEmbedding = record.operation.startsWith('embedding');
    const tokens = record.total_tokens;
    if (inside !== undefined && (isEmbedding ? inside.embeddings : inside.chats) >= tokens) return true;
    const ancestors = this.#ancestors(key);
    // A span around it may have been sent first: both are reports of one record then.
    const around = ancestors
      .map((each) => this.#counted.get(each))
      .find((each) => each?.tokens === tokens && each.isEmbedding === isEmbedding);
    if (around !== undefined && !this.#counted.has(key)) record.usage_id = around.usageId;
    else this.#note(key, ancestors, { usageId: record.usage_id, tokens, isEmbedding });
    return false;
  }

  /** A span that is sent again is noted once. */
  #note(key: string, ancestors: readonly string[], counted: Counted): void {
    if (this.#counted.has(key)) return;
    this.#counted.set(key, counted);
    const { tokens, isEmbedding } = counted;
    this.#add(ancestors, { chats: isEmbedding ? 0 : tokens, embeddings: isEmbedding ? tokens : 0 });
  }

  #add(spans: readonly string[], { chats, embeddings }: Tokens): void {
    for (const each of spans) {
      const { chats: c, embeddings: e } = this.#inside.get(each) ?? { chats: 0, embeddings: 0 };
      this.#inside.set(each, { chats: c + chats, embeddings: e + embeddings });
    }
  }

  #forgetOldest(): void {
    for (const known of [this.#parents, this.#counted, this.#inside]) {
      for (const key of known.keys()) {
        if (known.size <= MAX_SPANS) break;
        known.delete(key);
      }
    }
  }
}

function keyOf({ record }: Pick<OtlpRecord, 'record'>): string | undefined {
  const [trace, span] = [hexId(record['traceId']), hexId(record['spanId'])];
  return trace === undefined || span === undefined ? undefined : `${trace} ${span}`;
}
