import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PERIOD_NAMES } from '../../../src/usage/time/period.ts';

const host = path.resolve(import.meta.dirname, '../../../src/host');

/** The texts of `t('...')` and `l10n.t('...')` in the sources. */
function texts(): string[] {
  const found = new Set<string>();
  for (const name of readdirSync(host, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    for (const [, text = ''] of readFileSync(path.join(host, name), 'utf8').matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g)) {
      found.add(text.replaceAll(/\\(.)/g, '$1'));
    }
  }
  // The host passes these by period.
  return [...new Set([...found, ...Object.values(PERIOD_NAMES)])].sort();
}

// `npx vitest run --project unit -u` updates the file.
it('l10n/bundle.l10n.json has every text, for translators', async () => {
  const bundle = Object.fromEntries(texts().map((text) => [text, text]));
  await expect(`${JSON.stringify(bundle, undefined, 2)}\n`).toMatchFileSnapshot('../../../l10n/bundle.l10n.json');
});
