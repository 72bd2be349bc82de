import { fstatSync, writeSync } from 'node:fs';
import { plain, plainLines } from '../../usage/text.ts';
import { t, tMessage } from '../language/text.ts';

/** The output streams and properties of the environment that a command runs in: a terminal, a pipe, a file. */
export interface Terminal {
  out: Output;
  err: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** ms since the epoch. */
  now: () => number;
  /** Content of stdin, if it was read already. */
  input?: string | undefined;
}

export function openTerminal(): Terminal {
  return {
    out: new Output(sinkOf(1), process.env),
    err: new Output(sinkOf(2), process.env),
    env: process.env,
    now: Date.now,
  };
}

/** The subset of `process.stdout` that is used; the fields of terminals are optional. */
export interface Sink {
  isTTY?: boolean;
  columns?: number;
  write(text: string | Uint8Array, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** Node's own stream for terminals, where columns and escape codes matter; a plain one otherwise. */
function sinkOf(fd: 1 | 2): Sink {
  const stream = (): Sink => (fd === 1 ? process.stdout : process.stderr);
  if (process.platform === 'win32') return stream();
  try {
    const stats = fstatSync(fd);
    return stats.isFile() || stats.isFIFO() || stats.isSocket() ? new PlainSink(fd, stream) : stream();
  } catch {
    return stream();
  }
}

/**
 * A file or a pipe, written to synchronously like Node does, waiting for a slow reader. Node's streams take 5 ms to load, as
 * long as many commands take to run.
 */
class PlainSink implements Sink {
  readonly #fd: number;
  readonly #stream: () => Sink;
  #fail: (error: NodeJS.ErrnoException) => void = () => undefined;
  /** Once another process has made the pipe non-blocking, Node's stream does the waiting. */
  #other: Sink | undefined;

  constructor(fd: number, stream: () => Sink) {
    this.#fd = fd;
    this.#stream = stream;
  }

  on(_event: 'error', listener: (error: NodeJS.ErrnoException) => void): void {
    this.#fail = listener;
  }

  write(text: string | Uint8Array, done: (error?: Error | null) => void): void {
    if (this.#other !== undefined) return void this.#other.write(text, done);
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return done(error as Error);
      this.#other = this.#stream();
      this.#other.on('error', this.#fail);
      return void this.#other.write(bytes.subarray(written), done);
    }
    done();
  }
}

/** A stream whose reader may close it at any time. Writing never throws: after that, output is dropped and `closed` is set. */
export class Output {
  readonly isTTY: boolean;
  /** Maximum width of a line in columns; undefined: unlimited. */
  readonly columns: number | undefined;
  readonly colors: boolean;
  /** The reader closed the stream, or the file could not be written. */
  closed = false;
  /** The reason, unless the reader just closed the stream. */
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

  /** Writes display text, with nothing in it that steers a terminal but line feeds and our own styles, to a pipe, too. */
  write(text: string): Promise<void> {
    return this.raw(STEERS_NOTHING.test(text) ? text : harmless(text, this.colors));
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /**
   * Writes exactly this: JSON and CSV, which are safe and whose values must stay, and what moves the cursor of a terminal.
   * Resolves when the stream has accepted the text, so that a slow reader slows the writer down.
   */
  raw(text: string): Promise<void> {
    if (this.closed || text === '') return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.write(text, (error) => {
        if (error) this.#fail(error);
        resolve();
      });
    });
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.closed = true;
    // Windows reports EPIPE as one of the last two.
    if (!['EPIPE', 'EOF', 'ECONNRESET'].includes(error.code ?? '')) this.failure ??= error;
  }
}

/** No pattern of Unicode's classes is compiled for most texts. */
const STEERS_NOTHING = /^[\n -~\u00a0-\u00ac\u00ae-\u02ff]*$/;
/** The codes that {@link styled} adds. */
// oxlint-disable-next-line no-control-regex
const STYLES = /(\u001B\[(?:[12]|22|3[1239])m)/;

function harmless(text: string, colors: boolean): string {
  if (!colors) return plainLines(text);
  return text
    .split(STYLES)
    .map((part, i) => (i % 2 === 1 ? part : plainLines(part)))
    .join('');
}

/** https://no-color.org and https://force-color.org: FORCE_COLOR wins over NO_COLOR, which wins over the stream's default. */
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

/** Styles text if the output supports colours. */
export function styled(output: Pick<Output, 'colors'>, style: Style, text: string): string {
  if (!output.colors || text === '') return text;
  const [on, off] = CODES[style];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}

/** Writes a line to stderr, prefixed with our name as all commands do. */
export function say(terminal: Terminal, message: string): Promise<void> {
  return terminal.err.line(`llm-spend: ${plain(tMessage(message))}`);
}

export function warn(terminal: Terminal, message: string): Promise<void> {
  return terminal.err.line(
    `${styled(terminal.err, 'yellow', `llm-spend: ${t`warning:`}`)} ${plain(tMessage(message))}`,
  );
}
