/**
 * The price data in a file of its own for the packages, as brotli: within `dist/prices.js` it would make the package of the
 * extension larger than 1 MB. The first price that is looked up reads it; a process without prices never does.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { routedPrices } from '../src/pricing/data/routedPrices.ts';
import { vendorPrices } from '../src/pricing/data/vendorPrices.ts';
import { root } from './lib.mjs';

const FILE = 'prices.br';
const TABLES = { routedPrices, vendorPrices };
/** The vendors of most calls stand first. The beginning of the file is enough for them, which a one-shot `record` feels. */
const OFTEN = new Set(['anthropic', 'google', 'openai']);

const providers = Object.values(TABLES)
  .flat()
  .toSorted((a, b) => Number(OFTEN.has(b.id)) - Number(OFTEN.has(a.id)));
/** The models of each provider, a JSON text without line feeds. */
const lines = Buffer.from(providers.map(({ models }) => `${models()}\n`).join(''));
const packed = brotliCompressSync(lines, {
  params: {
    [constants.BROTLI_PARAM_SIZE_HINT]: lines.length,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  },
});

/** The least bytes of the file that contain so many bytes of text. @param {number} wanted */
function beginningOf(wanted) {
  let [least, most] = [1, packed.length];
  while (least < most) {
    const middle = (least + most) >> 1;
    const text = brotliDecompressSync(packed.subarray(0, middle), { finishFlush: constants.BROTLI_OPERATION_FLUSH });
    if (text.length < wanted) least = middle + 1;
    else most = middle;
  }
  return least;
}

function reader() {
  const often = providers.filter(({ id }) => OFTEN.has(id));
  const beginning = beginningOf(Buffer.byteLength(often.map(({ models }) => `${models()}\n`).join('')));
  return `
    import { readFileSync } from 'node:fs';
    import { join } from 'node:path';
    import { brotliDecompressSync, constants } from 'node:zlib';
    const linesOf = (end) => {
      const bytes = readFileSync(join(__dirname, '${FILE}')).subarray(0, end);
      return brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString('utf8').split('\\n');
    };
    let often, all;
    export const textAt = (place) =>
      (all ?? (place < ${often.length} ? (often ??= linesOf(${beginning})) : (all = linesOf())))[place];
  `;
}

/** Replaces the data by code that reads it from the file. @type {import('esbuild').Plugin} */
export const takePackedPrices = {
  name: 'packed prices',
  setup: (build) => {
    build.onResolve({ filter: /^packed-prices$/ }, () => ({ path: 'packed-prices', namespace: 'packed-prices' }));
    build.onLoad({ filter: /.*/, namespace: 'packed-prices' }, () => ({ contents: reader(), resolveDir: root }));
    build.onLoad({ filter: /[\\/]pricing[\\/]data[\\/](?:routed|vendor)Prices\.ts$/ }, ({ path: file }) => {
      const name = /** @type {keyof typeof TABLES} */ (path.basename(file, '.ts'));
      const entries = TABLES[name].map(
        (provider) => `{ ...${JSON.stringify(provider)}, models: () => textAt(${providers.indexOf(provider)}) }`,
      );
      return { contents: `import { textAt } from 'packed-prices';\nexport const ${name} = [${entries.join(',\n')}];` };
    });
  },
};

/** Writes `dist/prices.br`. */
export async function writePackedPrices() {
  await writeFile(path.join(root, 'dist', FILE), packed);
}
