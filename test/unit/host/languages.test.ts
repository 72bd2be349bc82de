import { existsSync } from 'node:fs';
import path from 'node:path';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { readJson, repository } from '../repo/files.ts';

const LANGUAGES = ['de', 'fr', 'es', 'pt-br', 'ja', 'ko', 'zh-cn'];
/**
 * Texts that may lack a translation, which then show in English: those that were added since the last translation. A release has
 * none: `LLM_SPEND_RELEASE=1` asks for that.
 */
const MAY_LACK = process.env['LLM_SPEND_RELEASE'] === '1' ? 0 : 20;

type Texts = Readonly<Record<string, string>>;
const bundle = readJson('l10n/bundle.l10n.json') as Texts;
const manifest = readJson('package.nls.json') as Texts;

const placeholders = (text: string): string[] => (text.match(/\{\d\}/g) ?? []).toSorted();
/** Addresses of links, and code, which are the same in every language. */
const fixed = (text: string): string[] => (text.match(/\]\([^)]+\)/g) ?? []).toSorted();

/** Columns that a translation may take: buttons and labels stand in narrow places, sentences wrap. */
function room(english: string): number {
  const width = stringWidth(english);
  return width <= 24 ? width * 1.6 + 20 : width * 2 + 10;
}

describe.each(LANGUAGES)('the texts in %s', (language) => {
  const texts = readJson(`l10n/bundle.l10n.${language}.json`) as Texts;
  const own = readJson(`package.nls.${language}.json`) as Texts;

  it('translate texts that exist', () => {
    expect(existsSync(path.join(repository, `package.nls.${language}.json`))).toBe(true);
    expect(Object.keys(texts).filter((key) => !(key in bundle))).toEqual([]);
    expect(Object.keys(own).filter((key) => !(key in manifest))).toEqual([]);
  });

  it('keep placeholders and the addresses of links', () => {
    const broken = Object.entries(texts).filter(([key, text]) => {
      return placeholders(text).join() !== placeholders(key).join() || text.trim() === '';
    });
    expect(broken).toEqual([]);
    const brokenLinks = Object.entries(own).filter(
      ([key, text]) => fixed(text).join() !== fixed(manifest[key] ?? '').join() || text.trim() === '',
    );
    expect(brokenLinks).toEqual([]);
  });

  it('fit into their places', () => {
    expect(Object.entries(texts).filter(([key, text]) => stringWidth(text) > room(key))).toEqual([]);
    expect(Object.entries(own).filter(([key, text]) => stringWidth(text) > room(manifest[key] ?? ''))).toEqual([]);
  });

  it('are complete, but for new ones', () => {
    const lacking = [
      ...Object.keys(bundle).filter((key) => !(key in texts)),
      ...Object.keys(manifest).filter((key) => !(key in own)),
    ];
    expect(lacking.slice(MAY_LACK)).toEqual([]);
  });
});
