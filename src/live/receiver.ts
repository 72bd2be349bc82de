import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { timingSafeEqual } from 'node:crypto';
import { callOf } from './calls.ts';
import { withTimeout } from '../system/withTimeout.ts';
import { BodyError, readBody } from './body.ts';
import type { Forwarder } from './forward.ts';
import { BusyError, type LiveIntake } from './intake.ts';
import { isRejection, reasonsOf, type LiveReport, type Rejection } from './liveCall.ts';
import { spanIds } from './nestedSpans.ts';
import type { FoundUsage } from '../sources/source.ts';
import { NotOtlpError, recordsOf, type Encoding, type Signal } from './otlp.ts';
import { errorBody, successBody } from './responses.ts';
import { ownValue } from '../usage/tables/ownValue.ts';

/**
 * The OTLP receiver: HTTP on loopback, JSON and binary, as specified in https://opentelemetry.io/docs/specs/otlp/#otlphttp. A
 * request is answered with 200 only once its calls are durable in the ledger.
 */

export interface ReceiverOptions {
  /** 0: any free port. */
  port: number;
  token: string;
  /** Stores calls; resolves once they are durable, with those that do not repeat others. */
  intake: Pick<LiveIntake, 'store' | 'close'>;
  /** Receives a copy of each request. */
  forwarder?: Forwarder | undefined;
  now?: () => number;
  /** Called for each request that recorded something or was refused. */
  onEvent?: (event: ReceiverEvent) => void;
}

export interface ReceiverEvent {
  signal: Signal;
  recorded: number;
  rejected: number;
  /** Why calls or the request were refused, as a message. */
  reason?: string | undefined;
}

const PATHS: Readonly<Record<string, Signal>> = {
  '/v1/logs': 'logs',
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
};
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'application/json': 'json',
  'application/x-protobuf': 'protobuf',
};
/** Maximum number of requests whose body is being read or stored. */
const MAX_REQUESTS = 64;
const RETRY_SECONDS = 2;
/** Exporters wait 10 s for an answer. */
const STORE_MS = 5_000;
/** How long a receiver that ends waits for the answers of pending requests, ms. */
const CLOSE_MS = 2_000;
const LOOPBACK = '127.0.0.1';
const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost\.?|\[::1\])(:\d+)?$/i;
/** Another process of ours that waits until this one ends keeps a connection open that was upgraded to this protocol. */
export const WAITING_PROTOCOL = 'llm-spend-wait';

/** A refused request: the status of the answer and the reason. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class OtlpReceiver {
  readonly #options: ReceiverOptions;
  readonly #server: Server;
  readonly #successors = new Set<Socket>();
  #requests = 0;
  #isClosing = false;

  private constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket) => this.#keep(request, socket));
  }

  /** @throws {Error} with `code` EADDRINUSE when another process listens on the port. */
  static async listen(options: ReceiverOptions): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(options);
    const server = receiver.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: LOOPBACK, port: options.port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The value of `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  get endpoint(): string {
    return `http://${LOOPBACK}:${this.port}`;
  }

  /** Answers pending requests, and frees the port for a successor. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    for (const socket of this.#successors) socket.destroy();
    // A sender that keeps its connection would otherwise use it for ever.
    const late = setTimeout(() => this.#server.closeAllConnections(), CLOSE_MS);
    await closed;
    clearTimeout(late);
    await this.#options.intake.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = ownValue(ENCODINGS, mediaType(request)) ?? 'json';
    try {
      if (this.#isClosing) throw new Refusal(503, 'This receiver is ending; another one takes over.');
      const signal = this.#checked(request);
      this.#requests++;
      try {
        const body = await readBody(request);
        const { rejected, reason } = await this.#take(signal, encoding, body);
        this.#options.forwarder?.forward(signal, mediaType(request), body);
        this.#send(response, 200, encoding, successBody(signal, encoding, rejected, reason));
      } finally {
        this.#requests--;
      }
    } catch (error) {
      const { status, message } = refusalOf(error);
      this.#options.onEvent?.({ signal: signalIn(request), recorded: 0, rejected: 0, reason: message });
      if (status === 429 || status === 503) response.setHeader('Retry-After', String(RETRY_SECONDS));
      // The rest of a refused body is not read.
      if (!request.complete) response.setHeader('Connection', 'close');
      this.#send(response, status, encoding, errorBody(encoding, status, message));
    }
  }

  #send(response: ServerResponse, status: number, encoding: Encoding, body: Uint8Array): void {
    if (this.#isClosing) response.setHeader('Connection', 'close');
    send(response, status, encoding, body);
  }

  /** @throws {Refusal} when the request must not be answered, or cannot be now. */
  #checked(request: IncomingMessage): Signal {
    const path = this.#checkSender(request);
    const signal = ownValue(PATHS, path);
    if (signal === undefined) throw new Refusal(404, 'Send to /v1/logs, /v1/traces or /v1/metrics.');
    if (request.method !== 'POST') throw new Refusal(405, 'Send with POST.');
    if (ownValue(ENCODINGS, mediaType(request)) === undefined) {
      throw new Refusal(415, 'The content type must be application/json or application/x-protobuf.');
    }
    if (this.#requests >= MAX_REQUESTS) throw new Refusal(429, 'Too many requests at once.');
    return signal;
  }

  /**
   * Refuses web pages and other users of the machine. A sender that cannot set headers has the token at the start of the path.
   * @returns the path without the token.
   * @throws {Refusal}
   */
  #checkSender(request: IncomingMessage): string {
    const { headers } = request;
    if (headers.origin !== undefined || !isLoopback(request)) {
      throw new Refusal(403, 'Only programs on this machine may send, not web pages.');
    }
    const path = pathOf(request);
    const [, given = ''] = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    if (isEqual(given, this.#options.token)) return path;
    const [, first = '', rest = ''] = /^\/([\w-]+)(\/.*)$/s.exec(path) ?? [];
    if (isEqual(first, this.#options.token)) return rest;
    throw new Refusal(401, 'The bearer token is wrong. Connect the program again: llm-spend connect.');
  }

  async #take(signal: Signal, encoding: Encoding, body: Buffer): Promise<{ rejected: number; reason: string }> {
    // Metrics repeat the spend of events and spans, without identifying calls.
    if (signal === 'metrics') return { rejected: 0, reason: '' };
    const now = this.#options.now?.() ?? Date.now();
    const reports = recordsOf(signal, encoding, body).map((otlp, index) => {
      const call = callOf(otlp, now);
      const isRejected = call !== undefined && isRejection(call);
      return { call: isRejected ? { ...call, position: index + 1 } : call, span: spanIds(otlp) };
    });
    const calls = await this.#store(reports);
    const rejections = calls.filter(isRejection);
    const reason = reasonsOf(rejections);
    if (calls.length > 0) {
      const recorded = calls.length - rejections.length;
      this.#options.onEvent?.({ signal, recorded, rejected: rejections.length, reason });
    }
    return { rejected: rejections.length, reason };
  }

  /**
   * @throws {Refusal} when it takes longer than senders wait. Calls stored after that are recognised when they are sent again.
   */
  async #store(reports: readonly LiveReport[]): Promise<readonly (FoundUsage | Rejection)[]> {
    const storing = this.#options.intake.store(reports);
    storing.catch(() => undefined);
    const calls = await withTimeout(storing, STORE_MS);
    if (calls === undefined) throw new Refusal(503, 'The ledger is busy.');
    return calls;
  }

  /** Keeps a successor's connection open; its end signals that the port is free. */
  #keep(request: IncomingMessage, socket: Socket): void {
    socket.on('error', () => socket.destroy());
    // A connection that was kept now would keep this process from ending.
    if (this.#isClosing) return void socket.destroy();
    try {
      this.#checkSender(request);
      if (request.headers.upgrade !== WAITING_PROTOCOL) throw new Refusal(400, '');
    } catch {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${WAITING_PROTOCOL}\r\nConnection: Upgrade\r\n\r\n`);
    this.#successors.add(socket);
    socket.once('close', () => this.#successors.delete(socket));
    // Sockets of a server stay half open otherwise.
    socket.once('end', () => socket.destroy());
    socket.resume();
  }
}

function refusalOf(error: unknown): { status: number; message: string } {
  if (error instanceof Refusal || error instanceof BodyError) return { status: error.status, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NotOtlpError) return { status: 400, message };
  if (error instanceof BusyError) return { status: 429, message };
  // The ledger cannot accept it now: the sender keeps it and retries.
  return { status: 503, message };
}

function send(response: ServerResponse, status: number, encoding: Encoding, body: Uint8Array): void {
  response.statusCode = status;
  response.setHeader('Content-Type', encoding === 'json' ? 'application/json' : 'application/x-protobuf');
  response.end(body);
}

/** A page whose name resolves to this machine (DNS rebinding) sends its own host name. Only HTTP/1.0 may send none. */
function isLoopback({ headers, url }: IncomingMessage): boolean {
  const hosts = [headers.host, /^https?:\/\/([^/?#]*)/i.exec(url ?? '')?.[1]].filter((host) => host !== undefined);
  return hosts.every((host) => LOOPBACK_HOST.test(host));
}

/** The path of the target, which clients that use a proxy send as a whole URL. Endpoints are often joined with a slash too many. */
function pathOf({ url }: IncomingMessage): string {
  const path = (url ?? '').replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return path.replaceAll(/\/{2,}/g, '/').replace(/(?!^)\/$/, '');
}

function signalIn(request: IncomingMessage): Signal {
  const [, name = ''] = /(\/v1\/\w+)$/.exec(pathOf(request)) ?? [];
  return ownValue(PATHS, name) ?? 'logs';
}

function mediaType({ headers }: IncomingMessage): string {
  return (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
}

/** Compares in a time that does not depend on the position of the first difference. */
function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
