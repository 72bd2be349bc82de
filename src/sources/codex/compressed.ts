import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { zstd } from '../reading/zstd.ts';

/** Files of sessions: a week after their last use Codex compresses them, and removes the original. */

const COMPRESSED = '.zst';

export function isSessionFile(name: string): boolean {
  return name.endsWith('.jsonl') || name.endsWith(`.jsonl${COMPRESSED}`);
}

export function isCompressed(name: string): boolean {
  return name.endsWith(COMPRESSED);
}

/** The name before the compression. */
export function plainName(name: string): string {
  return isCompressed(name) ? name.slice(0, -COMPRESSED.length) : name;
}

/** The beginning of a session's text, from at most so many bytes of its file. @throws when it cannot be read. */
export function headText(path: string, length: number): string {
  const bytes = Buffer.alloc(length);
  const fd = openSync(path, 'r');
  try {
    const head = bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
    return isCompressed(path) ? decompressed(head) : head.toString('utf8');
  } finally {
    closeSync(fd);
  }
}

/** A session's whole text. @throws when it cannot be read. */
export function sessionText(path: string): string {
  return isCompressed(path) ? decompressed(readFileSync(path)) : readFileSync(path, 'utf8');
}

/** The text as far as the bytes go. */
function decompressed(bytes: Buffer): string {
  const library = zstd();
  if (library === undefined) return '';
  return library.zstdDecompressSync(bytes, { finishFlush: library.constants.ZSTD_e_continue }).toString('utf8');
}
