import type { Signal } from './otlp.ts';

/**
 * Maximum number of requests waiting to be forwarded; beyond it the oldest are dropped, because a slow collector must not fill
 * the memory.
 */
const MAX_WAITING = 100;
const TIMEOUT_MS = 10_000;

/** Forwards requests to the user's own collector, one after another. Failures are reported, and never slow the sender down. */
export class Forwarder {
  readonly #endpoint: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #onFailure: (message: string) => void;
  #waiting: { signal: Signal; type: string; body: Buffer }[] = [];
  #isSending = false;

  /** @param endpoint as in `OTEL_EXPORTER_OTLP_ENDPOINT`: without `/v1/logs`. */
  constructor(endpoint: string, headers: Readonly<Record<string, string>>, onFailure: (message: string) => void) {
    this.#endpoint = endpoint.replace(/\/+$/, '');
    this.#headers = headers;
    this.#onFailure = onFailure;
  }

  forward(signal: Signal, type: string, body: Buffer): void {
    this.#waiting.push({ signal, type, body });
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { signal, type, body } = next;
      try {
        const response = await fetch(`${this.#endpoint}/v1/${signal}`, {
          method: 'POST',
          headers: { ...this.#headers, 'Content-Type': type },
          body: new Uint8Array(body),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await response.arrayBuffer();
        if (!response.ok) this.#onFailure(`${this.#endpoint} answered ${response.status}.`);
      } catch (error) {
        const { message, cause } = error as Error;
        this.#onFailure(`${this.#endpoint}: ${cause instanceof Error ? cause.message : message}.`);
      }
    }
    this.#isSending = false;
  }
}
