import type { PackedLanguages } from '../src/language/catalogue.ts';

export function packedLanguages(): Promise<PackedLanguages>;
export function writeLanguages(): Promise<void>;
