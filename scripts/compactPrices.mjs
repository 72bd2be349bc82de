/**
 * Makes the bundled price table cheap to load.
 *
 * genai-prices ships its data as one array literal of 800 kB, which JavaScript evaluates as a whole when the library is loaded: 20 ms of
 * a command that prices one record of one provider. Here the bulk of each provider (its models and its rules for reading
 * responses) becomes JSON that is parsed when that provider is first asked for. Texts that no price depends on are left out.
 */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const LIBRARY = /@pydantic[\\/]genai-prices[\\/]dist[\\/]index\.js$/;
/** The array literal that begins the library's module. */
const DATA = /^const (\w+) = (\[\n[\s\S]*?\n\])(?=[,;])/;
/** Fields of a provider that are parsed on demand. */
const ON_DEMAND = ['models', 'extractors'];
/** Comments for the data's editors. */
const LEFT_OUT = new Set(['description', 'price_comments', 'pricing_urls', 'price_discrepancies', 'prices_checked']);

/** @type {import('esbuild').Plugin} */
export const compactPrices = {
  name: 'prices parsed by provider',
  setup: (build) => {
    build.onLoad({ filter: LIBRARY }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const [literal, name] = DATA.exec(source) ?? [];
      if (literal === undefined || name === undefined) throw new Error(`${file} does not begin with its data any more`);
      /** @type {typeof import('@pydantic/genai-prices')} */
      const library = await import(pathToFileURL(file).href);
      const providers = (await library.waitForUpdate()) ?? [];
      return {
        contents: `${PARSED}const ${name} = ${arrayText(providers)}${source.slice(literal.length)}`,
        loader: 'js',
      };
    });
  },
};

const PARSED = `const parsed = (provider, field, text) => {
  const value = JSON.parse(text);
  Object.defineProperty(provider, field, { value, enumerable: true, configurable: true, writable: true });
  return value;
};
`;

/** @param {readonly object[]} providers */
function arrayText(providers) {
  return `[${providers.map(providerText).join(',\n')}]`;
}

/** @param {object} provider */
function providerText(provider) {
  const fields = Object.entries(provider)
    .filter(([field]) => !LEFT_OUT.has(field))
    .map(([field, value]) =>
      ON_DEMAND.includes(field)
        ? `get ${field}() { return parsed(this, '${field}', ${JSON.stringify(jsonOf(value))}); }`
        : `${field}: ${JSON.stringify(value)}`,
    );
  return `{ ${fields.join(', ')} }`;
}

/** @param {unknown} value */
function jsonOf(value) {
  return JSON.stringify(value, (key, each) => (LEFT_OUT.has(key) ? undefined : each));
}
