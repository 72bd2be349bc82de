import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';

const MIB = 1024 * 1024;
/** Maximum size as sent; {@link MAX_BODY} is the maximum after decompression. */
const MAX_SENT = 16 * MIB;
const MAX_BODY = 64 * MIB;

/** A refused body, with the status of the answer. */
export class BodyError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Reads and decompresses a body. @throws {BodyError} when it is too large, damaged or in an unknown encoding. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_SENT) throw tooLarge();
  const sent = await collect(request, MAX_SENT);
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity') return sent;
  const decoder =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip()
      : encoding === 'deflate'
        ? createInflate()
        : undefined;
  if (decoder === undefined) throw new BodyError(415, 'The content encoding must be gzip, deflate or none.');
  decoder.end(sent);
  try {
    return await collect(decoder, MAX_BODY);
  } catch (error) {
    if (error instanceof BodyError) throw error;
    throw new BodyError(400, `The body is not ${encoding}: ${(error as Error).message}.`);
  } finally {
    decoder.destroy();
  }
}

async function collect(stream: Readable, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): BodyError {
  return new BodyError(
    413,
    `A body may have ${MAX_SENT / MIB} MiB, and ${MAX_BODY / MIB} MiB once it is decompressed.`,
  );
}
