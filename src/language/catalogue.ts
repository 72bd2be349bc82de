import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Language } from './languageOf.ts';
import { HASH_LENGTH, textHash } from './textHash.ts';

/** The content of `l10n/cli.<language>.json`: translations by their English text. */
export interface Translations {
  /** Texts of the command. */
  texts: Record<string, string>;
  /** Messages of other layers and of commander, which are recognised by their English text. */
  messages: Record<string, string>;
}

/** The translations of all languages, as the file in the package has them. */
export interface PackedLanguages {
  /** Hashes of the English texts, one after another. */
  hashes: string;
  /** English messages, with {@link SEPARATOR} between them. */
  messages: string;
  /** By language: the texts in the order of their hashes, then the messages. Separated, too. */
  translations: Record<string, string>;
}

/** In no text. Two letters less for each than a list takes, which is felt in the size of the package. */
export const SEPARATOR = '|';

export interface Catalogue {
  text(english: string): string | undefined;
  messages: ReadonlyMap<string, string>;
}

/** Reads the texts of a language. There are none if the file is missing, so that the command speaks English. */
export function readCatalogue(language: Language): Catalogue {
  try {
    const { brotliDecompressSync } = process.getBuiltinModule('node:zlib');
    const file = brotliDecompressSync(readFileSync(join(__dirname, 'languages.br')));
    return catalogueOf(JSON.parse(file.toString('utf8')) as PackedLanguages, language);
  } catch {
    return { text: () => undefined, messages: new Map() };
  }
}

export function catalogueOf({ hashes, messages, translations }: PackedLanguages, language: string): Catalogue {
  const words = translations[language]?.split(SEPARATOR) ?? [];
  const count = hashes.length / HASH_LENGTH;
  const byHash = new Map<string, string>();
  for (let i = 0; i < count; i++) byHash.set(hashes.slice(i * HASH_LENGTH, (i + 1) * HASH_LENGTH), words[i] ?? '');
  return {
    text: (english) => byHash.get(textHash(english)),
    messages: new Map(messages.split(SEPARATOR).map((message, i) => [message, words[count + i] ?? message])),
  };
}
