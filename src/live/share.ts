import { request, type ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { errno } from '../system/errno.ts';
import { OtlpReceiver, WAITING_PROTOCOL, type ReceiverOptions } from './receiver.ts';

/** How long to wait before retrying a port held by a foreign program, ms. */
const FOREIGN_MS = 30_000;
/** Our waiting processes retry at different times, ms. */
const SPREAD_MS = 50;

export interface SharedReceiverOptions extends ReceiverOptions {
  /** Called when this process starts to listen. */
  onListening?: (receiver: OtlpReceiver) => void;
  /** Called when the port is held by a program that is not a receiver of this user. */
  onForeign?: (port: number) => void;
}

/**
 * One receiver for all processes: the first to bind the port. The others keep a connection to it open, without a timer; when it
 * ends, they try to take over.
 */
export class SharedReceiver {
  readonly #options: SharedReceiverOptions;
  #receiver: OtlpReceiver | undefined;
  #connection: Socket | undefined;
  /** The request to wait, until it is answered. */
  #asking: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SharedReceiverOptions) {
    this.#options = options;
  }

  /** The receiver, if this process is the one that listens. */
  get receiver(): OtlpReceiver | undefined {
    return this.#receiver;
  }

  /** Listens now, or as soon as the port is free. @throws {Error} when the port cannot be bound for another reason. */
  async start(): Promise<void> {
    if (this.#isClosed) return;
    try {
      this.#receiver = await OtlpReceiver.listen(this.#options);
    } catch (error) {
      if (errno(error) !== 'EADDRINUSE') throw error;
      this.#wait();
      return;
    }
    if (this.#isClosed) await this.#receiver.close();
    else this.#options.onListening?.(this.#receiver);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#asking?.destroy();
    this.#connection?.destroy();
    await this.#receiver?.close();
  }

  #wait(): void {
    const { port, token } = this.#options;
    const headers = { Connection: 'Upgrade', Upgrade: WAITING_PROTOCOL, Authorization: `Bearer ${token}` };
    const waiting = request({ host: '127.0.0.1', port, headers });
    this.#asking = waiting;
    waiting.once('upgrade', (_, socket) => {
      this.#asking = undefined;
      this.#connection = socket;
      if (this.#isClosed) socket.destroy();
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#again(Math.random() * SPREAD_MS));
      socket.resume();
    });
    waiting.once('response', (response) => {
      response.destroy();
      this.#options.onForeign?.(port);
      this.#again(FOREIGN_MS);
    });
    // The holder has just ended.
    waiting.once('error', () => this.#again(SPREAD_MS + Math.random() * SPREAD_MS));
    waiting.end();
  }

  #again(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.start().catch(() => this.#again(FOREIGN_MS)), ms);
  }
}
