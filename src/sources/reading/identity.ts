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
  return uuidOf(sha1(bytes.subarray(0, end), 'hex'));
}

/** Of which `x` is a digit of a hash, and `v` one with the variant in its two highest bits. */
const TEXT = Buffer.from('xxxxxxxx-xxxx-5xxx-vxxx-xxxxxxxxxxxx');
const uuid = Buffer.from(TEXT);

/** Written into one buffer: put together from slices, it would leave ten times as much garbage as it is long. */
function uuidOf(hex: string): string {
  for (let at = 0, digit = 0; at < TEXT.length; at++) {
    const form = TEXT[at];
    if (form === 0x2d) continue;
    if (form === 0x78) uuid[at] = hex.charCodeAt(digit);
    else if (form === 0x76) uuid[at] = '89ab'.charCodeAt(Number.parseInt(hex[digit]!, 16) & 3);
    digit++;
  }
  return uuid.toString('latin1');
}

/** Loaded when the first hash is asked for: an import that finds nothing new needs none, and would start later. */
export function sha1(data: Uint8Array | string, encoding: 'hex' | 'base64'): string {
  crypto ??= process.getBuiltinModule('node:crypto');
  // Node has the faster way since 20.12.
  if (typeof crypto.hash === 'function') return crypto.hash('sha1', data, encoding);
  return crypto.createHash('sha1').update(data).digest(encoding);
}

let crypto: typeof Crypto | undefined;
