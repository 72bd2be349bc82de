import type * as Crypto from 'node:crypto';

/**
 * Ids that are the same on every machine: version 5 UUIDs (RFC 9562, section 5.5) derived from a source and what identifies the
 * usage in it.
 */

/** Our namespace, a random UUID. Changing it would import everything again under other ids. */
const NAMESPACE = Buffer.from('6a1f0f0e8d3b4c559a7be2c4d1f0a937', 'hex');

/** The hash input: the namespace, then the name. Grows with the longest name. */
let bytes = Buffer.alloc(256);
NAMESPACE.copy(bytes);

/** @param parts what identifies the usage; a missing part differs from an empty one. */
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

/** A template in which `x` is a digit of a hash, and `v` one with the variant in its two highest bits. */
const TEXT = Buffer.from('xxxxxxxx-xxxx-5xxx-vxxx-xxxxxxxxxxxx');
const uuid = Buffer.from(TEXT);

/** Written into one buffer: concatenating slices would create ten times as much garbage as the id is long. */
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

/** Loaded at the first hash: an import that finds nothing new needs none, and would start more slowly. */
export function sha1(data: Uint8Array | string, encoding: 'hex' | 'base64'): string {
  crypto ??= process.getBuiltinModule('node:crypto');
  // Available since Node 20.12, and faster.
  if (typeof crypto.hash === 'function') return crypto.hash('sha1', data, encoding);
  return crypto.createHash('sha1').update(data).digest(encoding);
}

let crypto: typeof Crypto | undefined;
