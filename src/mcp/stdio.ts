import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { jsonText } from '../usage/jsonText.ts';
import type { ToolContext } from '../tools/index.ts';
import { isMembersObject, RPC, RpcError, type Message } from './rpc.ts';
import { McpServer, type ServerInfo } from './server.ts';

/** A longer message is refused; no call needs a thousandth of it. */
const MAX_MESSAGE = 1024 * 1024;
/** A longer line is not parsed, so the refusal cannot name the call. */
const MAX_LINE = 64 * 1024 * 1024;
const TOO_LONG = 'The message is too long.';

export interface Streams {
  input: Readable;
  output: Writable;
}

/**
 * Speaks the Model Context Protocol over stdin and stdout, one JSON message a line, until the input ends.
 * Nothing else may write to the output.
 */
export async function serveStdio({ input, output }: Streams, info: ServerInfo, context: ToolContext): Promise<void> {
  const connection = new StdioConnection(output, info, context);
  const decoder = new StringDecoder('utf8');
  let line = '';
  let isTooLong = false;
  for await (const chunk of input) {
    const [first = '', ...rest] = decoder.write(chunk as Buffer).split('\n');
    for (const [i, part] of [first, ...rest].entries()) {
      if (i > 0) {
        if (isTooLong) connection.refuse(null, RPC.invalidRequest, TOO_LONG);
        else connection.take(line);
        line = '';
        isTooLong = false;
      }
      isTooLong ||= line.length + part.length > MAX_LINE;
      line = isTooLong ? '' : line + part;
    }
  }
  if (line !== '') connection.take(line);
  await connection.close();
}

class StdioConnection {
  readonly #output: Writable;
  readonly #server: McpServer;
  /** Requests to the client that have no answer yet, by id. */
  readonly #asked = new Map<string, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  /** Requests of the client that have no answer yet. */
  readonly #open = new Set<Promise<void>>();
  #ids = 0;

  constructor(output: Writable, info: ServerInfo, context: ToolContext) {
    this.#output = output;
    this.#server = new McpServer(info, context, (method, params) => this.#ask(method, params));
  }

  take(line: string): void {
    if (line.trim() === '') return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.refuse(null, RPC.parse, 'The message is not valid JSON.');
      return;
    }
    if (!isMembersObject(message)) this.refuse(null, RPC.invalidRequest, 'A message must be one JSON object.');
    else if (line.length > MAX_MESSAGE) this.refuse(message['id'] ?? null, RPC.invalidRequest, TOO_LONG);
    else if (message['method'] === undefined) this.#answered(message);
    // A notification needs no answer, and none of them changes anything here.
    else if (message['id'] !== undefined) this.#start(message);
  }

  /** @param id of the call that is refused; null: not known. */
  refuse(id: unknown, code: number, text: string): void {
    this.#send({ id, error: { code, message: text } });
  }

  /** The client has ended: waits for the calls that are under way; none of them can be confirmed any more. */
  async close(): Promise<void> {
    for (const { reject } of this.#asked.values()) reject(new Error('The client has ended.'));
    await Promise.all(this.#open);
  }

  #start(message: Message): void {
    const { id } = message;
    const answering = this.#server.answer(message).then(
      (result) => this.#send({ id, result }),
      (error: unknown) => {
        const code = error instanceof RpcError ? error.code : RPC.internal;
        this.#send({ id, error: { code, message: (error as Error).message } });
      },
    );
    this.#open.add(answering);
    void answering.finally(() => this.#open.delete(answering));
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = `ask-${++this.#ids}`;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#send({ id, method, params });
    });
  }

  #answered({ id, result, error }: Message): void {
    const asked = this.#asked.get(String(id));
    if (asked === undefined) return;
    this.#asked.delete(String(id));
    if (error === undefined) asked.resolve(result);
    else asked.reject(new Error('The client could not ask.'));
  }

  #send(message: object): void {
    this.#output.write(`${jsonText({ jsonrpc: '2.0', ...message })}\n`);
  }
}
