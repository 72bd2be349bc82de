import type * as Crypto from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Random names and ids without `node:crypto`, whose loading takes 6 ms: a quarter of Node's start-up, too much for the few
 * bytes of a one-shot `record`. The bytes come from the same source as those of `node:crypto`.
 */
export function randomHex(bytes: number): string {
  if (at + 2 * bytes > pool.length) {
    pool = freshBytes(Math.max(bytes, POOL_BYTES)).toString('hex');
    at = 0;
  }
  at += 2 * bytes;
  return pool.slice(at - 2 * bytes, at);
}

/** Enough for thirty ids: a system call per id would take half as long as an append to the disk. */
const POOL_BYTES = 512;
let pool = '';
let at = 0;

function freshBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  if (process.platform === 'linux' || process.platform === 'darwin') {
    try {
      const fd = openSync('/dev/urandom', 'r');
      try {
        if (readSync(fd, bytes, 0, count, null) === count) return bytes;
      } finally {
        closeSync(fd);
      }
    } catch {
      // A sandbox without devices.
    }
  }
  return globalThis.crypto.getRandomValues(bytes);
}

/** A version 4 UUID (RFC 9562, section 5.4); six of its bits are fixed. */
export function randomId(): string {
  const hex = randomHex(16);
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** SHA-256 in hex. Only for rare use, because it loads `node:crypto`. */
export function sha256(bytes: Uint8Array | string): string {
  const crypto: typeof Crypto = process.getBuiltinModule('node:crypto');
  return crypto.createHash('sha256').update(bytes).digest('hex');
}
