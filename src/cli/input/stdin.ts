import { fstatSync, readFileSync } from 'node:fs';

/** Far more than a tool writes to a command; longer input is not meant for us. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads stdin to its end as text; returns '' at a terminal, and when stdin cannot be read.
 *
 * Reads it as a stream: checking whether stdin is a terminal makes a pipe non-blocking, so a synchronous read would then fail
 * with EAGAIN when the writer is slow or writes more than the pipe's buffer.
 */
export async function readStdin(stdin: NodeJS.ReadStream = process.stdin): Promise<string> {
  if (stdin.isTTY) return '';
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stdin) {
      size += (chunk as Buffer).length;
      if (size > MAX_BYTES) return '';
      chunks.push(chunk as Buffer);
    }
  } catch {
    // A folder, or a pipe whose other end failed: there is nothing to read.
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Reads a file or pipe to its end without loading Node's streams. undefined when it cannot be read in this way, such as a slow pipe
 * that does not block: {@link readStdin} reads the rest.
 */
export function readAll(fd: number): string | undefined {
  const stats = fstatSync(fd, { throwIfNoEntry: false });
  if (stats === undefined || !(stats.isFile() || stats.isFIFO())) return undefined;
  try {
    return readFileSync(fd, 'utf8');
  } catch {
    return undefined;
  }
}
