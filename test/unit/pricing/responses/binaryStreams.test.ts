import { describe, expect, it } from 'vitest';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';

/** AWS's binary streams, as recorders of HTTP keep them: frames of headers, JSON and a checksum. */

const table = loadPriceTable();

/** A frame whose lengths and checksums are any bytes. */
function frame(type: string, payload: object, checksum = '\u0000{"]\uFFFD'): string {
  const header = (name: string, value: string): string =>
    `${name}\u0007\u0000${String.fromCodePoint(value.length)}${value}`;
  const headers = [
    header(':event-type', type),
    header(':content-type', 'application/json'),
    header(':message-type', 'event'),
  ];
  return `\u0000\u0000\u0001\uFFFD${headers.map((each) => `\r${each}`).join('')}${JSON.stringify(payload)}${checksum}`;
}

const read = (...frames: string[]): unknown => {
  const { responses, problems } = recogniseResponses(frames.join(''), table);
  return [
    ...responses.map(({ provider, model, counts }) => [provider, model, counts.input_tokens, counts.output_tokens]),
    ...problems.map(({ code }) => code),
  ];
};
const chunk = (event: object): string =>
  frame('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcd' });

describe("Bedrock's binary streams", () => {
  it('of ConverseStream are read whatever their checksums look like', () => {
    const frames = [
      frame('messageStart', { p: 'abc', role: 'assistant' }),
      frame('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { name: 'x' } }, p: 'a' }, '}\n{'),
      frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: ':message-type event{' }, p: 'abcdef' }, '{{{'),
      frame('contentBlockStop', { contentBlockIndex: 0, p: 'abcdef' }, '"'),
      frame('messageStop', { p: 'ab', stopReason: 'end_turn' }, '{'),
      frame('metadata', {
        metrics: { latencyMs: 9 },
        p: 'a',
        usage: { inputTokens: 22, outputTokens: 5, totalTokens: 27 },
      }),
    ];
    expect(read(...frames)).toEqual([['aws', undefined, 22, 5]]);
    expect(read(...frames.slice(0, -1))).toEqual(['no-usage']);
  });

  it('of InvokeModelWithResponseStream are read by the events inside', () => {
    const model = 'claude-sonnet-4-5-20250929';
    const message = {
      type: 'message',
      id: 'msg_bdrk_1',
      model,
      content: [],
      container: 'x'.repeat(5000),
      usage: { input_tokens: 22, output_tokens: 1 },
    };
    const claude = [
      chunk({ type: 'message_start', message }),
      chunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } }),
      chunk({ type: 'message_delta', delta: {}, usage: { output_tokens: 7 } }),
      chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 22, outputTokenCount: 7 } }),
    ];
    expect(read(...claude)).toEqual([['aws', model, 22, 7]]);
    const nova = [
      chunk({ messageStart: { role: 'assistant' } }),
      chunk({ contentBlockDelta: { delta: { text: 'x' }, contentBlockIndex: 0 } }),
      chunk({ metadata: { usage: { inputTokens: 9, outputTokens: 4 }, metrics: {}, trace: {} } }),
    ];
    expect(read(...nova)).toEqual([['aws', undefined, 9, 4]]);
    // As the SDK for Python prints the events.
    expect(read(JSON.stringify([{ chunk: { bytes: Buffer.from('{"a":1}').toString('base64') } }]))).toEqual([
      'no-usage',
    ]);
  });

  it('of an agent have each call of a model, at its own', () => {
    const trace = (kind: string, part: object): object => ({ agentId: 'A', sessionId: 's', trace: { [kind]: part } });
    const asked = (traceId: string, foundationModel: string): object => ({
      modelInvocationInput: { traceId, foundationModel, text: 'x'.repeat(3000) },
    });
    const answered = (traceId: string, inputTokens: number, outputTokens: number): object => ({
      modelInvocationOutput: {
        traceId,
        metadata: { usage: { inputTokens, outputTokens } },
        rawResponse: { content: '' },
      },
    });
    const events = [
      trace('preProcessingTrace', asked('t-pre', 'amazon.nova-pro-v1:0')),
      trace('preProcessingTrace', answered('t-pre', 435, 116)),
      trace('orchestrationTrace', asked('t-0', 'anthropic.claude-3-5-sonnet-20240620-v1:0')),
      trace('orchestrationTrace', { rationale: { text: 'why', traceId: 't-0' } }),
      trace('orchestrationTrace', answered('t-0', 252, 354)),
      trace('orchestrationTrace', answered('t-1', 7, 3)),
    ];
    const text = frame('chunk', { bytes: Buffer.from('just words').toString('base64') });
    const calls = [
      ['aws', 'amazon.nova-pro-v1:0', 435, 116],
      ['aws', 'anthropic.claude-3-5-sonnet-20240620-v1:0', 252, 354],
      ['aws', undefined, 7, 3],
    ];
    expect(read(...events.map((event) => frame('trace', event)), text)).toEqual(calls);
    // As the SDK for Python prints the events.
    expect(read(JSON.stringify(events.map((event) => ({ trace: event }))))).toEqual(calls);
    const { responses } = recogniseResponses(JSON.stringify(events), table);
    expect(responses.map(({ responseId }) => responseId)).toEqual(['t-pre', 't-0', 't-1']);
  });

  it('of text alone have no usage', () => {
    const text = frame('chunk', { bytes: Buffer.from('just words').toString('base64') });
    expect(read(text)).toEqual(['no-usage']);
    expect(read(':event-type :message-type event')).toEqual(['not-json']);
  });
});
