import type * as Crypto from 'node:crypto';

/**
 * Ids that are the same on every machine: UUIDs of version 5 (RFC 9562, section 5.5), made of a source and of what
 * identifies the usage in it.
 */

/** Ours, once drawn at random. Changing it would import everything again under other ids. */
const NAMESPACE = Buffer.from('6a1f0f0e8d3b4c559a7be2c4d1f0a937', 'hex');

/** What is hashed: the namespace, and after it the name. Grows with the longest name. */
let bytes = Buffer.alloc(256);
NAMESPACE.copy(bytes);

/** @param parts what identifies the usage; a part that is not there differs from an empty one. */
export function usageId(source: string, parts: readonly (string | number | undefined)[]): string {
  let name = source;
  for (const part of parts) name += part === undefined ? '\0' : `\0=${part}`;
  const most = NAMESPACE.length + 3 * name.length;
  if (bytes.length < most) {
    bytes = Buffer.alloc(2 * most);
    NAMESPACE.copy(bytes);
  }
  const end = NAMESPACE.length + bytes.write(name, NAMESPACE.length);
  const hex = sha1(bytes.subarray(0, end), 'hex');
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Loaded when the first hash is asked for: an import that finds nothing new needs none, and would start later. */
export function sha1(data: Uint8Array | string, encoding: 'hex' | 'base64'): string {
  crypto ??= process.getBuiltinModule('node:crypto');
  // Node has the faster way since 20.12.
  if (typeof crypto.hash === 'function') return crypto.hash('sha1', data, encoding);
  return crypto.createHash('sha1').update(data).digest(encoding);
}

let crypto: typeof Crypto | undefined;
