import { hexId } from '../sources/otel/spans.ts';
import { isRejection, type LiveCall, type LiveReport, type SpanIds } from './liveCall.ts';
import type { OtlpRecord } from './otlp.ts';

/**
 * Frameworks and clients may both report a call, in spans that contain each other: a span whose tokens the spans in it report is
 * not counted. The spans may arrive in any order and in several requests, so each is kept for a while.
 */

/** Maximum depth that is followed. */
const MAX_DEPTH = 64;

/** A span as far as it is known. */
export interface SpanNode {
  /** The span around it. */
  parent?: string | undefined;
  /** The tokens that it reports; undefined for a span that is no call, or did not arrive yet. */
  tokens?: number | undefined;
  isEmbedding?: boolean | undefined;
  /** The record of its report; undefined if it has none. */
  usageId?: string | undefined;
  /** The tokens that the spans in it report. */
  chats: number;
  embeddings: number;
}

/** The known spans, by the ids of trace and span. Nodes are replaced, never changed. */
export interface SpanNodes {
  get(key: string): SpanNode | undefined;
  set(key: string, node: SpanNode): void;
}

/** The decision about the spans of some requests. */
export interface SelectedCalls {
  /** Their calls, without those that repeat others. */
  calls: Set<LiveCall>;
  /** The records of earlier requests that turned out to repeat others. */
  repeats: string[];
}

type Kind = 'chats' | 'embeddings';

/** The ids of a span; undefined when it has none. */
export function spanIds({ signal, record }: OtlpRecord): SpanIds | undefined {
  const [trace, span] = [hexId(record['traceId']), hexId(record['spanId'])];
  if (signal !== 'traces' || trace === undefined || span === undefined) return undefined;
  const parent = hexId(record['parentSpanId']);
  return { key: `${trace} ${span}`, parent: parent === undefined ? undefined : `${trace} ${parent}` };
}

/** Adds spans to the known ones, and decides which calls count. */
export function selectCalls(reports: readonly LiveReport[], nodes: SpanNodes): SelectedCalls {
  const tree = new SpanTree(nodes);
  for (const { span } of reports) if (span?.parent !== undefined) tree.link(span.key, span.parent);
  for (const { span, call } of reports) {
    if (span !== undefined && call !== undefined && !isRejection(call)) {
      const { operation, total_tokens: tokens } = call.record;
      tree.report(span.key, tokens, operation.startsWith('embedding'));
    }
  }
  const calls = new Set<LiveCall>();
  for (const { span, call } of reports) {
    if (call === undefined || (span !== undefined && tree.isRepeat(span.key))) continue;
    calls.add(call);
    if (span !== undefined && !isRejection(call)) tree.noteRecord(span.key, call.record.usage_id);
  }
  return { calls, repeats: tree.takeRepeats() };
}

class SpanTree {
  readonly #nodes: SpanNodes;
  /** Spans in which more tokens are known than before. */
  readonly #raised = new Set<string>();

  constructor(nodes: SpanNodes) {
    this.#nodes = nodes;
  }

  link(key: string, parent: string): void {
    const node = this.#get(key);
    if (node.parent !== undefined || this.#isWithin(parent, key)) return;
    this.#nodes.set(key, { ...node, parent });
    // Spans in it may have arrived before its place was known.
    for (const kind of ['chats', 'embeddings'] as const) this.#raise(parent, kind, tokensOf(node, kind));
  }

  /** Notes the tokens of a span. One that is sent again is noted once. */
  report(key: string, tokens: number, isEmbedding: boolean): void {
    const before = this.#get(key);
    if (before.tokens !== undefined) return;
    const node = { ...before, tokens, isEmbedding };
    this.#nodes.set(key, node);
    const kind = isEmbedding ? 'embeddings' : 'chats';
    if (node.parent !== undefined) this.#raise(node.parent, kind, tokensOf(node, kind) - tokensOf(before, kind));
  }

  /** Whether the spans in it have all of its tokens. A span that reports more has a call that they do not report. */
  isRepeat(key: string): boolean {
    const { tokens, isEmbedding, chats, embeddings } = this.#get(key);
    if (tokens === undefined) return chats + embeddings > 0;
    return (isEmbedding === true ? embeddings : chats) >= tokens;
  }

  /** A span whose record has another id since it was joined with a log's keeps that one. */
  noteRecord(key: string, usageId: string): void {
    const node = this.#get(key);
    if (node.usageId === undefined) this.#nodes.set(key, { ...node, usageId });
  }

  /** The records of spans that are repeats now. They lose their records. */
  takeRepeats(): string[] {
    const taken: string[] = [];
    for (const key of this.#raised) {
      const node = this.#get(key);
      if (node.usageId === undefined || !this.isRepeat(key)) continue;
      taken.push(node.usageId);
      this.#nodes.set(key, { ...node, usageId: undefined });
    }
    return taken;
  }

  #get(key: string): SpanNode {
    return this.#nodes.get(key) ?? { chats: 0, embeddings: 0 };
  }

  /** Whether a span is in another one, or is that one. Spans of a hostile sender may contain each other. */
  #isWithin(key: string, outer: string): boolean {
    let at: string | undefined = key;
    for (let depth = 0; depth < MAX_DEPTH && at !== undefined; depth++) {
      if (at === outer) return true;
      at = this.#nodes.get(at)?.parent;
    }
    return at !== undefined;
  }

  #raise(key: string, kind: Kind, tokens: number): void {
    let at: string | undefined = key;
    let more = tokens;
    for (let depth = 0; depth < MAX_DEPTH && at !== undefined && more > 0; depth++) {
      const before = this.#get(at);
      const node: SpanNode = { ...before, [kind]: before[kind] + more };
      this.#nodes.set(at, node);
      this.#raised.add(at);
      more = tokensOf(node, kind) - tokensOf(before, kind);
      at = node.parent;
    }
  }
}

/** The tokens of a span and the spans in it. Those that it reports itself include those in it. */
function tokensOf(node: SpanNode, kind: Kind): number {
  const own = (node.isEmbedding === true ? 'embeddings' : 'chats') === kind ? (node.tokens ?? 0) : 0;
  return Math.max(own, node[kind]);
}
