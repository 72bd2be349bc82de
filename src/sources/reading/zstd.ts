import type * as zlib from 'node:zlib';

/** Loaded for the first compressed file or thread, because most imports have none. undefined: Node.js has zstd since 22.15. */
export function zstd(): typeof zlib | undefined {
  const library = process.getBuiltinModule('node:zlib');
  return typeof library.createZstdDecompress === 'function' ? library : undefined;
}

/** Why something was not read where {@link zstd} is missing. */
export function withoutZstd(name: string): string {
  return `${name}: compressed; Node.js 22.15 or newer can read it`;
}
