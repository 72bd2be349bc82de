import type * as Crypto from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Random names and ids without `node:crypto`, whose loading takes 6 ms: a quarter of what starting Node takes, which a
 * one-shot `record` would pay for a few bytes. They come from where `node:crypto` has them too.
 */
function randomBytes(count: number): Buffer {
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

export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

/** A UUID of version 4 (RFC 9562, section 5.4). */
export function randomId(): string {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** SHA-256 in hex. Only for what is rare: this does load `node:crypto`. */
export function sha256(bytes: Uint8Array): string {
  const crypto: typeof Crypto = process.getBuiltinModule('node:crypto');
  return crypto.createHash('sha256').update(bytes).digest('hex');
}
