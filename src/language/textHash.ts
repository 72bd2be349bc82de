/**
 * A short name for an English text, by FNV-1a. The package has these names in place of the texts, which the command's code contains
 * already. `scripts/languages.mjs` refuses two texts with the same name.
 */
export function textHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return (hash >>> 8).toString(16).padStart(HASH_LENGTH, '0');
}

export const HASH_LENGTH = 6;
