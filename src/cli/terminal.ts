import { fstatSync, writeSync } from 'node:fs';
import { errno } from '../ledger/disk.ts';
import { plain } from '../usage/text.ts';

/** Where a command writes, and what it knows of the place: a terminal, a pipe, a file. */
export interface Terminal {
  out: Output;
  err: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** ms since the epoch. */
  now: () => number;
  /** What stood on stdin, where somebody read it already. */
  input?: string | undefined;
}

export function openTerminal(): Terminal {
  return {
    out: new Output(process.stdout, process.env),
    err: new Output(process.stderr, process.env),
    env: process.env,
    now: Date.now,
  };
}

/**
 * For a command that says one line. Its own streams take Node longer to load than the line to write, so a file or a pipe
 * is written to directly, and a stream is opened when something is to be said on it.
 */
export function openQuickTerminal(): Terminal {
  let err: Output | undefined;
  return {
    out: new Output(isFileOrPipe(1) ? directly(1, () => process.stdout) : process.stdout, process.env),
    get err() {
      return (err ??= new Output(process.stderr, process.env));
    },
    env: process.env,
    now: Date.now,
  };
}

function isFileOrPipe(fd: number): boolean {
  try {
    return process.platform !== 'win32' && !fstatSync(fd).isCharacterDevice();
  } catch {
    return false;
  }
}

/** @param otherwise takes what a pipe that does not block is too full for. */
function directly(fd: number, otherwise: () => Sink): Sink {
  return {
    on: () => undefined,
    write: (text, done) => {
      let bytes = Buffer.from(text);
      try {
        while (bytes.length > 0) bytes = bytes.subarray(writeSync(fd, bytes));
        done();
      } catch (error) {
        if (errno(error) === 'EAGAIN') otherwise().write(bytes, done);
        else done(error as Error);
      }
    },
  };
}

/** `process.stdout`, as far as it is used: a terminal's fields are missing where it is none. */
export interface Sink {
  isTTY?: boolean;
  columns?: number;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  write(text: string | Uint8Array, done: (error?: Error | null) => void): unknown;
}

/**
 * A stream that may close under us. Writing never throws: once the reader is gone, what is written goes nowhere, and
 * `closed` says so.
 */
export class Output {
  readonly isTTY: boolean;
  /** Columns that a line may fill; undefined: as many as it needs. */
  readonly columns: number | undefined;
  readonly colors: boolean;
  /** The reader is gone, or the file it writes to took no more. */
  closed = false;
  /** Why, when it was not just a reader that had enough. */
  failure: Error | undefined;
  readonly #stream: Sink;

  constructor(stream: Sink, env: Terminal['env']) {
    this.#stream = stream;
    this.isTTY = stream.isTTY ?? false;
    const columns = /^[1-9]\d{0,3}$/.test(env['COLUMNS'] ?? '') ? Number(env['COLUMNS']) : undefined;
    this.columns = columns ?? (this.isTTY && Number(stream.columns) > 0 ? stream.columns : undefined);
    this.colors = wantsColors(this.isTTY, env);
    stream.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
  }

  /** Resolves when the stream has taken the text, so that a slow reader slows the writer down. */
  write(text: string): Promise<void> {
    if (this.closed || text === '') return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.write(text, (error) => {
        if (error) this.#fail(error);
        resolve();
      });
    });
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.closed = true;
    // The last two are what Windows says for EPIPE.
    if (!['EPIPE', 'EOF', 'ECONNRESET'].includes(error.code ?? '')) this.failure ??= error;
  }
}

/** https://no-color.org and https://force-color.org: forcing wins, then refusing, then what the stream is. */
export function wantsColors(isTTY: boolean, env: Terminal['env']): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return isTTY && env['TERM'] !== 'dumb';
}

export type Style = 'bold' | 'dim' | 'yellow' | 'red' | 'green';
const CODES: Record<Style, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

/** The text in a style where the output has colours; else as it is. */
export function styled(output: Pick<Output, 'colors'>, style: Style, text: string): string {
  if (!output.colors || text === '') return text;
  const [on, off] = CODES[style];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}

/** A line on stderr that begins with our name, as every command's do. */
export function say(terminal: Terminal, message: string): Promise<void> {
  return terminal.err.line(`llm-spend: ${plain(message)}`);
}

export function warn(terminal: Terminal, message: string): Promise<void> {
  return terminal.err.line(`${styled(terminal.err, 'yellow', 'llm-spend: warning:')} ${plain(message)}`);
}
