import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { BEFORE_NAMES } from '../../../media/model/names.ts';
import { EMPTY_STATE } from '../../../src/protocol/emptyState.ts';
import { DIMENSION_LABELS } from '../../../src/usage/dimensions.ts';
import { FIELDS } from '../../../src/usage/fields.ts';
import { PERIOD_NAMES } from '../../../src/usage/time/period.ts';
import { repository } from '../repo/files.ts';

/** The texts of `t('...')` and `l10n.t('...')` in the sources. */
function written(): string[] {
  const files = ['src/host', 'media'].flatMap((folder) =>
    readdirSync(path.join(repository, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(repository, folder, name),
    ),
  );
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g)])
    .map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}

/** Texts of tables, which are passed by their key. */
const TABLES = [
  ...Object.values(PERIOD_NAMES),
  ...Object.values(BEFORE_NAMES),
  ...Object.values(DIMENSION_LABELS),
  ...FIELDS.map(({ label }) => label),
  ...Object.values(EMPTY_STATE.actions),
  EMPTY_STATE.title,
  EMPTY_STATE.text,
  'Recorded',
  'Estimated',
  'Price unknown',
];

// `npx vitest run --project unit -u` updates the file.
it('l10n/bundle.l10n.json has every text, for translators', async () => {
  const texts = [...new Set([...written(), ...TABLES])].toSorted();
  const bundle = Object.fromEntries(texts.map((text) => [text, text]));
  await expect(`${JSON.stringify(bundle, undefined, 2)}\n`).toMatchFileSnapshot('../../../l10n/bundle.l10n.json');
});
