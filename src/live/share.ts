import { request } from 'node:http';
import type { Socket } from 'node:net';
import { errno } from '../system/errno.ts';
import { OtlpReceiver, WAITING_PROTOCOL, type ReceiverOptions } from './receiver.ts';

/** How long to wait before trying a port again that another program than ours holds, ms. */
const FOREIGN_MS = 30_000;
/** Waiting processes of ours try at different moments, ms. */
const SPREAD_MS = 50;

export interface SharedReceiverOptions extends ReceiverOptions {
  /** This process listens from now on. */
  onListening?: (receiver: OtlpReceiver) => void;
  /** The port is held by a program that is not a receiver of this person. */
  onForeign?: (port: number) => void;
}

/**
 * One receiver of all processes: the first that binds the port. The others keep a connection to it open, without a timer; when
 * that ends, they try to take over.
 */
export class SharedReceiver {
  readonly #options: SharedReceiverOptions;
  #receiver: OtlpReceiver | undefined;
  #connection: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SharedReceiverOptions) {
    this.#options = options;
  }

  /** The receiver where it is this process that listens. */
  get receiver(): OtlpReceiver | undefined {
    return this.#receiver;
  }

  /** Listens now, or as soon as the port is free. @throws {Error} when the port cannot be had for another reason. */
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
    this.#connection?.destroy();
    await this.#receiver?.close();
  }

  #wait(): void {
    const { port, token } = this.#options;
    const headers = { Connection: 'Upgrade', Upgrade: WAITING_PROTOCOL, Authorization: `Bearer ${token}` };
    const waiting = request({ host: '127.0.0.1', port, headers });
    waiting.once('upgrade', (_, socket) => {
      this.#connection = socket;
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#again(Math.random() * SPREAD_MS));
      socket.resume();
    });
    waiting.once('response', (response) => {
      response.destroy();
      this.#options.onForeign?.(port);
      this.#again(FOREIGN_MS);
    });
    // The holder ended in this moment.
    waiting.once('error', () => this.#again(SPREAD_MS + Math.random() * SPREAD_MS));
    waiting.end();
  }

  #again(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.start().catch(() => this.#again(FOREIGN_MS)), ms);
  }
}
