/**
 * The texts of the command in all languages, in one file for the packages: without the English texts, which its code has, and
 * brotli, because the seven files of `l10n` would make the package of the extension larger than 1 MB.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { SEPARATOR } from '../src/language/catalogue.ts';
import { textHash } from '../src/language/textHash.ts';
import { root } from './lib.mjs';

/** @typedef {import('../src/language/catalogue.ts').Translations} Translations */

/** @returns {Promise<import('../src/language/catalogue.ts').PackedLanguages>} */
export async function packedLanguages() {
  const folder = path.join(root, 'l10n');
  /** @type {Map<string, Translations>} */
  const files = new Map();
  for (const name of (await readdir(folder)).toSorted()) {
    const language = /^cli\.([\w-]+)\.json$/.exec(name)?.[1];
    if (language !== undefined) files.set(language, JSON.parse(await readFile(path.join(folder, name), 'utf8')));
  }
  const all = [...files.values()];
  const texts = [...new Set(all.flatMap(({ texts: each }) => Object.keys(each)))];
  const messages = [...new Set(all.flatMap(({ messages: each }) => Object.keys(each)))];
  const hashes = texts.map(textHash);
  const twice = texts.filter((_, i) => hashes.indexOf(hashes[i] ?? '') !== i);
  if (twice.length > 0) throw new Error(`change a word, because another text has its hash: ${twice.join('; ')}`);
  /** @param {Translations} words @returns {string[]} */
  const inOrder = (words) => [
    ...texts.map((text) => words.texts[text] ?? text),
    ...messages.map((text) => words.messages[text] ?? text),
  ];
  const translations = Object.fromEntries([...files].map(([language, words]) => [language, joined(inOrder(words))]));
  return { hashes: hashes.join(''), messages: joined(messages), translations };
}

/** @param {readonly string[]} texts */
function joined(texts) {
  const wrong = texts.find((text) => text.includes(SEPARATOR));
  if (wrong !== undefined) throw new Error(`a text must not contain ${SEPARATOR}: ${wrong}`);
  return texts.join(SEPARATOR);
}

/** Writes `dist/languages.br`, which `src/language/catalogue.ts` reads. */
export async function writeLanguages() {
  const bytes = Buffer.from(JSON.stringify(await packedLanguages()));
  const params = {
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  };
  await writeFile(path.join(root, 'dist/languages.br'), brotliCompressSync(bytes, { params }));
}
