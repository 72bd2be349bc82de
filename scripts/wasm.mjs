/**
 * Compiles src/sources/reading/members/assembly into src/sources/reading/members/wasm.ts, which is checked in:
 *
 *     node scripts/wasm.mjs            writes it
 *     node scripts/wasm.mjs --check    fails if it is not what would be written
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createMemoryStream, main } from 'assemblyscript/asc';
import { root } from './lib.mjs';

const folder = 'src/sources/reading/members';
/** Of 64 KB each: room for a line of 8 MB, the longest that is read (`MAX_LINE`). What no line needs takes no memory. */
const PAGES = '131';

/** The text of wasm.ts. */
async function compiled() {
  const out = 'scan.wasm';
  /** @type {Uint8Array | undefined} */
  let wasm;
  const stderr = createMemoryStream();
  const options = `--outFile ${out} --optimizeLevel 3 --converge --noAssert --runtime stub --enable simd`;
  const memory = `--initialMemory ${PAGES} --maximumMemory ${PAGES}`;
  const { error } = await main(
    [`${folder}/assembly/index.ts`, '--baseDir', root, ...options.split(' '), ...memory.split(' ')],
    { stderr, writeFile: (name, contents) => void (name === out && (wasm = /** @type {Uint8Array} */ (contents))) },
  );
  if (error !== null || wasm === undefined) throw new Error(`AssemblyScript: ${stderr.toString()}`, { cause: error });
  const lines =
    Buffer.from(wasm)
      .toString('base64')
      .match(/.{1,110}/g) ?? [];
  return `/** Generated from \`assembly\` by \`scripts/wasm.mjs\`. */
export const WASM =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}

const target = path.join(root, folder, 'wasm.ts');
const text = await compiled();
if (!process.argv.includes('--check')) await writeFile(target, text);
else if ((await readFile(target, 'utf8')) !== text) throw new Error(`${target} is stale: node scripts/wasm.mjs`);
