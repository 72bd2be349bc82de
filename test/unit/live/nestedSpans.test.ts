import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLedger, type Ledger } from '../../../src/library/index.ts';
import { callOf } from '../../../src/live/calls.ts';
import { LiveIntake } from '../../../src/live/intake.ts';
import { spanIds } from '../../../src/live/nestedSpans.ts';
import { recordsOf } from '../../../src/live/otlp.ts';
import { OtlpReceiver } from '../../../src/live/receiver.ts';
import { chatAttributes, tracesRequest, type Span } from '../../fixtures/otlp.ts';
import { runs } from '../../long.ts';

const NOW = Date.parse('2026-11-21T00:00:00.000Z');

let folder: string;
let ledger: Ledger;
let intake: LiveIntake;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-nested-'));
  start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

/** Starts a receiver's intake on a ledger, whose next write fails before or after it took place. */
function start(failure?: 'before' | 'after'): void {
  ledger = openLedger({ ledger: path.join(folder, 'imported.db'), pricing: false });
  let left = failure;
  const failing = new Proxy(ledger, {
    get(target, name): unknown {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      return async (...values: unknown[]): Promise<unknown> => {
        const strikes = left !== undefined && name === 'upsert';
        if (strikes && left === 'before') throw fail();
        const result = await (Reflect.apply(value, target, values) as Promise<unknown>);
        if (strikes) throw fail();
        return result;
      };
    },
  });
  const fail = (): Error => {
    left = undefined;
    return new Error('the disk is full');
  };
  intake = new LiveIntake({ ledger: failing, pricer: () => Promise.resolve(undefined) });
}

async function stop(): Promise<void> {
  await intake.close();
  await ledger.close();
}

async function restart(failure?: 'before' | 'after'): Promise<void> {
  await stop();
  start(failure);
}

async function send(...spans: Span[]): Promise<void> {
  const records = recordsOf('traces', 'json', Buffer.from(JSON.stringify(tracesRequest(spans))));
  await intake.store(records.map((otlp) => ({ call: callOf(otlp, NOW), span: spanIds(otlp) })));
}

/** The tokens of each record. */
async function recorded(): Promise<number[]> {
  return (await ledger.read()).map(({ total_tokens: tokens }) => tokens).toSorted((a, b) => a - b);
}

/** A call of so many tokens; without tokens a span that is no call. */
function span(id: string, parent: string | undefined, tokens: number, more = {}): Span {
  const counts = {
    'gen_ai.usage.input_tokens': tokens,
    'gen_ai.usage.output_tokens': 0,
    'gen_ai.usage.cache_read.input_tokens': 0,
  };
  const attributes = tokens === 0 ? {} : chatAttributes({ ...counts, ...more });
  return { name: tokens === 0 ? 'POST' : 'chat', span: id, ...(parent === undefined ? {} : { parent }), attributes };
}

test.each<[string, Span[][], number[]]>([
  ['the inner span first', [[span('03', '02', 7)], [span('02', '01', 0)], [span('01', undefined, 7)]], [7]],
  ['the outer span first', [[span('01', undefined, 7)], [span('02', '01', 0)], [span('03', '02', 7)]], [7]],
  ['the span between them last', [[span('01', undefined, 7)], [span('03', '02', 7)], [span('02', '01', 0)]], [7]],
  ['a sum first', [[span('01', undefined, 9)], [span('02', '01', 4)], [span('03', '01', 5)]], [4, 5]],
  ['a sum of more calls', [[span('02', '01', 4)], [span('01', undefined, 9)]], [4, 9]],
  ['a sum sent again', [[span('01', undefined, 4)], [span('02', '01', 4)], [span('01', undefined, 4)]], [4]],
])('a receiver that is started again between two requests: %s', async (_, requests, tokens) => {
  for (const spans of requests) {
    await send(...spans);
    await restart();
  }
  expect(await recorded()).toEqual(tokens);
});

test('two spans of one response, which another span connects, are one record', async () => {
  const id = { 'gen_ai.response.id': 'response-of-provider-1' };
  await send(span('01', undefined, 7, id));
  await restart();
  await send(span('03', '02', 7, id));
  await restart();
  await send(span('02', '01', 0));
  expect(await recorded()).toEqual([7]);
});

test.each(['before', 'after'] as const)('a call whose write fails %s it took place', async (failure) => {
  await restart(failure);
  await expect(send(span('02', '01', 7))).rejects.toThrow('the disk is full');
  await send(span('01', undefined, 7));
  expect(await recorded()).toEqual([7]);
  await send(span('02', '01', 7));
  expect(await recorded()).toEqual([7]);
});

test('a damaged file of the known spans is replaced', async () => {
  await send(span('02', '01', 7));
  await stop();
  writeFileSync(path.join(folder, 'imported.db.spans'), 'no database'.repeat(1_000));
  start();
  await expect(send(span('01', undefined, 8))).rejects.toThrow();
  await send(span('01', undefined, 8));
  expect(await recorded()).toEqual([7, 8]);
});

test('a span that repeats a call is acknowledged once that call is durable', async () => {
  await restart('before');
  const receiver = await OtlpReceiver.listen({ port: 0, token: 'token', intake, now: () => NOW });
  const post = async (...spans: Span[]): Promise<number> => {
    const answer = await fetch(`${receiver.endpoint}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
      body: JSON.stringify(tracesRequest(spans)),
    });
    return answer.status;
  };
  const inner = post(span('02', '01', 7));
  const outer = inner.then(() => post(span('01', undefined, 7)));
  expect(await inner).toBe(503);
  expect(await outer).toBe(200);
  expect(await recorded()).toEqual([7]);
  await receiver.close();
});

test('in any order, in any requests, with failures and starts between them, the same calls are recorded', async () => {
  const tree = fc.array(fc.record({ parent: fc.nat(), tokens: fc.constantFrom(0, 0, 3, 4, 7) }), {
    minLength: 2,
    maxLength: 7,
  });
  const step = fc.constantFrom('go on', 'restart', 'before', 'after');
  await fc.assert(
    fc.asyncProperty(tree, fc.infiniteStream(fc.nat()), fc.infiniteStream(step), async (nodes, order, steps) => {
      await stop();
      rmSync(folder, { recursive: true });
      folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-nested-'));
      start();
      // The parent of each span but the first is one before it.
      const parents = nodes.map(({ parent }, at) => (at === 0 ? undefined : parent % at));
      const idOf = (at: number): string => `0${at + 1}`;
      const spans = nodes.map(({ tokens }, at) => {
        const parent = parents[at];
        return span(idOf(at), parent === undefined ? undefined : idOf(parent), tokens);
      });
      const left = [...spans];
      while (left.length > 0) {
        const next = left.splice(order.next().value % left.length, 1 + (order.next().value % 2));
        const happens = steps.next().value;
        if (happens !== 'go on') await restart(happens === 'restart' ? undefined : happens);
        await send(...next).catch(() => send(...next));
      }
      // From the last span to the first one, so that those in a span come before it.
      const inside = nodes.map(() => 0);
      const wanted: number[] = [];
      for (let at = nodes.length - 1; at >= 0; at--) {
        const { tokens } = nodes[at]!;
        if (tokens > inside[at]!) wanted.push(tokens);
        const parent = parents[at];
        if (parent !== undefined) inside[parent]! += Math.max(tokens, inside[at]!);
      }
      expect(await recorded()).toEqual(wanted.toSorted((a, b) => a - b));
    }),
    { numRuns: runs(6, 500) },
  );
});
