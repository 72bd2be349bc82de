import * as crypto from 'node:crypto';

/**
 * Ids that are the same on every machine: UUIDs of version 5 (RFC 9562, section 5.5), made of a source and of what
 * identifies the usage in it.
 */

/** Ours, once drawn at random. Changing it would import everything again under other ids. */
const NAMESPACE = Buffer.from('6a1f0f0e8d3b4c559a7be2c4d1f0a937', 'hex');

/** @param parts what identifies the usage; a part that is not there differs from an empty one. */
export function usageId(source: string, parts: readonly (string | number | undefined)[]): string {
  const name = [source, ...parts.map((part) => (part === undefined ? '' : `=${part}`))].join('\0');
  const hex = sha1(Buffer.concat([NAMESPACE, Buffer.from(name)]));
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Node has a faster way since 20.12. */
const sha1: (bytes: Buffer) => string =
  typeof crypto.hash === 'function'
    ? (bytes) => crypto.hash('sha1', bytes, 'hex')
    : (bytes) => crypto.createHash('sha1').update(bytes).digest('hex');
