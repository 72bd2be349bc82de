import { expect, test } from 'vitest';
import { OtlpReceiver, type ReceiverOptions } from '../../../src/live/receiver.ts';
import { chatAttributes, tracesRequest, type Span } from '../../fixtures/otlp.ts';

/** Stores in memory, and answers when the test does. */
class HeldIntake {
  readonly stored: string[] = [];
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #onStore: (() => void) | undefined;

  async store(calls: Parameters<ReceiverOptions['intake']['store']>[0]): Promise<void> {
    if (calls.length === 0) return;
    const held = Promise.withResolvers<void>();
    this.#waiting.push(held);
    this.#onStore?.();
    await held.promise;
    this.stored.push(...calls.map(({ record }) => record.operation));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The next call of `store` that was not taken yet. */
  async next(): Promise<PromiseWithResolvers<void>> {
    while (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#onStore = resolve));
    return this.#waiting.shift()!;
  }
}

test('a span is no repeat of a call that turns out not to be stored', async () => {
  const intake = new HeldIntake();
  const receiver = await OtlpReceiver.listen({ port: 0, token: 'token', intake });
  const send = async (...spans: Span[]): Promise<number> => {
    const answer = await fetch(`${receiver.endpoint}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
      body: JSON.stringify(tracesRequest(spans)),
    });
    return answer.status;
  };
  try {
    const inner = send({ name: 'chat', span: '02', parent: '01', attributes: chatAttributes({}) });
    const first = await intake.next();
    const operation = { 'gen_ai.operation.name': 'text_completion' };
    let isAnswered = false;
    const outer = send({ name: 'completion', span: '01', attributes: chatAttributes(operation) }).finally(() => {
      isAnswered = true;
    });
    expect(await send({ name: 'tool', span: '03', attributes: {} })).toBe(200);
    // A repeat is acknowledged once its call is durable.
    expect(isAnswered).toBe(false);
    void intake.next().then(({ resolve }) => resolve());
    first.reject(new Error('the disk is full'));
    expect(await inner).toBe(503);
    expect(await outer).toBe(200);
    expect(intake.stored).toEqual(['text_completion']);
  } finally {
    await receiver.close();
  }
});
