import type { Connection, Submittable } from 'pg';

/** The parts of the client's connection that COPY uses; its types do not name them. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** Lines are sent in pieces of about this length, so that the server reads the first ones early. */
const PIECE = 1 << 20;

/**
 * `COPY table (columns) FROM STDIN`: the fastest way in which a server takes many rows. The client calls these methods as answers
 * of the server arrive, and sets `callback`.
 */
export class CopyIn implements Submittable {
  readonly #text: string;
  readonly #lines: string;
  callback: ((error: Error | null) => void) | undefined;

  /** @param lines the rows, as {@link copyLine} writes them. */
  constructor(text: string, lines: string) {
    this.#text = text;
    this.#lines = lines;
  }

  submit(connection: Connection): void {
    (connection as unknown as CopyConnection).query(this.#text);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    for (let at = 0; at < this.#lines.length;) {
      const end = endOfPiece(this.#lines, at);
      connection.sendCopyFromChunk(Buffer.from(this.#lines.slice(at, end)));
      at = end;
    }
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {
    // The client waits until the server is ready for the next statement.
  }

  handleError(error: Error): void {
    this.#end(error);
  }

  handleReadyForQuery(): void {
    this.#end(null);
  }

  #end(error: Error | null): void {
    const { callback } = this;
    this.callback = undefined;
    callback?.(error);
  }
}

/** At a line's end, so that no character is cut in two. */
function endOfPiece(lines: string, at: number): number {
  if (at + PIECE >= lines.length) return lines.length;
  return lines.indexOf('\n', at + PIECE) + 1 || lines.length;
}

type CopyValue = string | number | bigint | boolean | null;

/** A row as COPY reads it. @param values the value of each column after the first, computed from `row`. */
export function copyLine<T>(first: string, row: T, values: readonly ((row: T) => CopyValue)[]): string {
  let line = copyText(first);
  // Not an array that is joined: this runs for each of a million records.
  for (const value of values) line += `\t${copyText(value(row))}`;
  return `${line}\n`;
}

function copyText(value: CopyValue): string {
  if (value === null) return String.raw`\N`;
  if (typeof value !== 'string') return String(value);
  return SPECIAL.test(value) ? value.replace(EACH_SPECIAL, (each) => ESCAPES[each]!) : value;
}

const SPECIAL = /[\\\n\r\t]/;
const EACH_SPECIAL = /[\\\n\r\t]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': String.raw`\\`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};
