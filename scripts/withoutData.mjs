/**
 * Leaves genai-prices' own data out of the bundle: the data of the price table is newer and stands in src/pricing/data, where each
 * provider's models are parsed when it is first asked for.
 */
import { readFile } from 'node:fs/promises';

const LIBRARY = /@pydantic[\\/]genai-prices[\\/]dist[\\/]index\.js$/;
/** The array literal that begins the library's module. */
const DATA = /^const (\w+) = (\[\n[\s\S]*?\n\])(?=[,;])/;

/** @type {import('esbuild').Plugin} */
export const withoutData = {
  name: 'the library of prices without its data',
  setup: (build) => {
    build.onLoad({ filter: LIBRARY }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const [literal, name] = DATA.exec(source) ?? [];
      if (literal === undefined || name === undefined) throw new Error(`${file} does not begin with its data any more`);
      return { contents: `const ${name} = []${source.slice(literal.length)}`, loader: 'js' };
    });
  },
};
