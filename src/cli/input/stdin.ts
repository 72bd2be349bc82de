/** Far more than a tool writes to a command; beyond it the input is not text that was meant for us. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads stdin to its end as text: empty at a terminal, and when stdin cannot be read.
 *
 * It is read as a stream. Asking whether stdin is a terminal makes a pipe non-blocking, so a synchronous read after that fails
 * with EAGAIN as soon as the writer is slow or writes more than a pipe holds.
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
