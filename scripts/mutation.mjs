/**
 * `npm run test:mutation`: changes lines of the code one at a time and counts how many changes a test notices.
 *
 *     npm run test:mutation -- usage                     an area, all of its lines: hours
 *     npm run test:mutation -- usage --sample 40         so many of its lines, chosen by a seed
 *     npm run test:mutation -- usage --sample 40 --seed 2
 *
 * Stryker does the work. It is installed into `.cache` by the first run, since no other command needs it. It prints each
 * change that no test noticed; `.cache/stryker/<area>.json` has them all.
 */
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { root, run, usePinnedNode } from './lib.mjs';

await usePinnedNode();

const VERSION = '10.1.1';
/** Tests of the commit protocol. */
const PROTOCOL = ['ledger/faults', 'ledger/model'];
/**
 * For each area its files, and the tests that are asked: folders, or files where there is a `*` or `{`. `env`: variables for them.
 */
const AREAS = {
  usage: { files: ['src/usage/**/*.ts'], tests: ['usage', 'columns', 'protocol', 'rules', 'media'] },
  // In three parts, because the slowest tests are of responses alone.
  pricing: {
    files: ['src/pricing/*.ts', 'src/pricing/models/*.ts'],
    tests: ['pricing/*', 'pricing/{calls,names,models,compare}/*', 'host/common/displayMoney*'],
  },
  'pricing-compare': { files: ['src/pricing/compare/*.ts'], tests: ['pricing/compare', 'contract/comparing*'] },
  'pricing-responses': { files: ['src/pricing/responses/*.ts'], tests: ['pricing/responses'] },
  // The ledger in parts, each of which ends: every change would otherwise be put to the faults at every step.
  'ledger-core': {
    files: ['src/ledger/*.ts', 'src/ledger/undo/*.ts'],
    // Without the slow ones, of large ledgers, which notice nothing that the others do not.
    tests: [
      'ledger/{additionNotes,elementText,errors,foreignFile,mounted,reprice,setCosts,tracker,tracker.property,view,viewOfStores}',
      'ledger/core',
      'library',
      'contract/{answering,changing,comparing,recording,tending}',
    ],
  },
  'ledger-json': {
    files: ['src/ledger/json/!(committer).ts'],
    tests: [...PROTOCOL, 'ledger/json', 'ledger/*', 'contract'],
  },
  'ledger-commit': {
    files: ['src/ledger/json/commit/*.ts', 'src/ledger/json/committer.ts'],
    tests: [
      ...PROTOCOL,
      'ledger/json/commit',
      'ledger/mounted*',
      'ledger/json/{abandoned,adoption,committer,foreignActive,growth,incomplete,journal,lateWriter,otherWriters,removedBeforeCommit,sideFiles}',
    ],
    // All faults at all steps take minutes, for each change that no other test notices.
    env: { LLM_SPEND_FAULT_STRIDE: '40', LLM_SPEND_MUTATED_TOGETHER: '1' },
  },
  'ledger-sqlite': {
    files: ['src/ledger/sqlite/**/*.ts'],
    // Its own alone: those of all stores take minutes, and notice little that these do not.
    tests: ['ledger/sqlite', 'ledger/mounted*'],
    env: { LLM_SPEND_MUTATED_TOGETHER: '1' },
  },
  // On one real server, where each run of a file of tests makes a database of its own: a change may be one of the tables.
  'ledger-postgres': {
    files: ['src/ledger/postgres/**/*.ts'],
    tests: ['ledger/postgres', 'contract', 'process/team/{badInput,faults,halfHourZones,refusedCopy,sync}'],
    needsServer: true,
    // The answers of the store in memory are what those of the server are compared with.
    env: { LLM_SPEND_MUTATED_TOGETHER: '1', LLM_SPEND_TEST_STORES: 'memory,PostgreSQL' },
  },
  sources: { files: ['src/sources/**/*.ts'], tests: ['sources', 'live', 'golden', 'rules'] },
  media: { files: ['media/model/**/*.ts'], tests: ['media'] },
};
/** Generated files, tables that a test repeats word for word, and the program of a thread, where Stryker changes nothing. */
const LEFT_OUT = /src\/pricing\/data\/|\/members\/(?:wasm\.ts|assembly\/)|\/import\/readerThread\.ts/;

const [area = '', ...flags] = process.argv.slice(2);
if (!Object.hasOwn(AREAS, area)) {
  console.error(`Name an area: ${Object.keys(AREAS).join(', ')}.`);
  process.exit(2);
}
/** @type {{ files: string[], tests: string[], env?: Record<string, string>, needsServer?: boolean }} */
const { files, tests, env: more, needsServer } = AREAS[/** @type {keyof typeof AREAS} */ (area)];

const home = path.join(root, '.cache', 'stryker');
mkdirSync(home, { recursive: true });
const stryker = path.join(home, 'node_modules/@stryker-mutator/core/bin/stryker.js');
if (!existsSync(stryker)) {
  writeFileSync(path.join(home, 'package.json'), '{"private":true}');
  const packages = ['core', 'vitest-runner'].map((name) => `@stryker-mutator/${name}@${VERSION}`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await run(npm, ['install', '--no-audit', '--no-fund', '--legacy-peer-deps', ...packages], { cwd: home });
}

/** @param {string} name */
function numberFlag(name) {
  const at = flags.indexOf(name);
  return at === -1 ? undefined : Number(flags[at + 1]);
}

const sources = [];
for await (const file of glob(files, { cwd: root })) {
  const name = file.replaceAll('\\', '/');
  if (!LEFT_OUT.test(name)) sources.push(name);
}
const sample = numberFlag('--sample');
const mutate = sample === undefined ? sources.sort() : sampled(sources.sort(), sample, numberFlag('--seed') ?? 1);

/**
 * Lines that do something, chosen by a seed.
 * @param {readonly string[]} names
 * @param {number} count
 * @param {number} seed
 */
function sampled(names, count, seed) {
  const lines = names.flatMap((name) =>
    readFileSync(path.join(root, name), 'utf8')
      .split('\n')
      .flatMap((text, i) =>
        /^\s*(?:$|\/|\*|import |export type|export interface|[)}\]]|readonly )/.test(text)
          ? []
          : [`${name}:${i + 1}-${i + 1}`],
      ),
  );
  let state = seed;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let i = lines.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [lines[i], lines[other]] = [/** @type {string} */ (lines[other]), /** @type {string} */ (lines[i])];
  }
  return lines.slice(0, count).sort();
}

const config = path.join(home, `${area}.config.json`);
writeFileSync(
  config,
  JSON.stringify({
    testRunner: 'vitest',
    plugins: [path.join(home, 'node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
    vitest: { configFile: 'scripts/mutation.vitest.mts', related: true },
    mutate,
    coverageAnalysis: 'perTest',
    // Such a change takes effect when a module is loaded, so each would need all tests.
    ignoreStatic: true,
    concurrency: 2,
    timeoutMS: 30_000,
    dryRunTimeoutMinutes: 60,
    tempDirName: '.cache/stryker/sandbox',
    ignorePatterns: ['dist', '.cache', 'test/editor/**/*.ts', 'docs/images', '*.vsix'],
    reporters: ['clear-text', 'json'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    jsonReporter: { fileName: path.join(home, `${area}.json`) },
    // Its rewriting of this file needs TypeScript's old API.
    tsconfigFile: 'none',
    warnings: { unknownOptions: false },
  }),
);
const server = needsServer ? (await import('../test/fixtures/postgres.ts')).TestServer.make() : undefined;
try {
  await server?.start();
  // Without it, each file of tests would start a server of its own for each change.
  const running = server ? { LLM_SPEND_TEST_PG_SERVER: server.url() } : { LLM_SPEND_TEST_WITHOUT_PG: '1' };
  const env = { ...process.env, ...more, ...running, LLM_SPEND_MUTATED_TESTS: tests.join(' ') };
  await run(process.execPath, [stryker, 'run', config], { cwd: root, env });
} finally {
  server?.dispose();
}
