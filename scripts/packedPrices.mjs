/**
 * The price data in a file of its own for the packages, as brotli: within `dist/prices.js` it would make the package of the
 * extension larger than 1 MB. The first price that is looked up reads it; a process without prices never does.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { routedPrices } from '../src/pricing/data/routedPrices.ts';
import { vendorPrices } from '../src/pricing/data/vendorPrices.ts';
import { root } from './lib.mjs';

const FILE = 'prices.br';
const TABLES = { routedPrices, vendorPrices };
/** The models of each provider, a JSON text without line feeds. */
const texts = Object.values(TABLES).flatMap((providers) => providers.map(({ models }) => models()));

const READER = `
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
let texts;
export const textAt = (place) =>
  (texts ??= brotliDecompressSync(readFileSync(join(__dirname, '${FILE}'))).toString('utf8').split('\\n'))[place];
`;

/** Replaces the data by code that reads it from the file. @type {import('esbuild').Plugin} */
export const takePackedPrices = {
  name: 'packed prices',
  setup: (build) => {
    build.onResolve({ filter: /^packed-prices$/ }, () => ({ path: 'packed-prices', namespace: 'packed-prices' }));
    build.onLoad({ filter: /.*/, namespace: 'packed-prices' }, () => ({ contents: READER, resolveDir: root }));
    build.onLoad({ filter: /[\\/]pricing[\\/]data[\\/](?:routed|vendor)Prices\.ts$/ }, ({ path: file }) => {
      const name = /** @type {keyof typeof TABLES} */ (path.basename(file, '.ts'));
      const entries = TABLES[name].map((provider) => {
        const place = texts.indexOf(provider.models());
        return `{ ...${JSON.stringify(provider)}, models: () => textAt(${place}) }`;
      });
      return { contents: `import { textAt } from 'packed-prices';\nexport const ${name} = [${entries.join(',\n')}];` };
    });
  },
};

/** Writes `dist/prices.br`. */
export async function writePackedPrices() {
  const bytes = Buffer.from(texts.join('\n'));
  const params = {
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  };
  await writeFile(path.join(root, 'dist', FILE), brotliCompressSync(bytes, { params }));
}
