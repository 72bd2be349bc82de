import { createHash } from 'node:crypto';

/**
 * Ids that are the same on every machine: UUIDs of version 5 (RFC 9562, section 5.5), made of a source and of what
 * identifies the usage in it.
 */

/** Ours, once drawn at random. Changing it would import everything again under other ids. */
const NAMESPACE = Buffer.from('6a1f0f0e8d3b4c559a7be2c4d1f0a937', 'hex');

/** @param parts what identifies the usage; a part that is not there differs from an empty one. */
export function usageId(source: string, parts: readonly (string | number | undefined)[]): string {
  const name = [source, ...parts.map((part) => (part === undefined ? '' : `=${part}`))].join('\0');
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
