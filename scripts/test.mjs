/**
 * `npm test`: installs what is missing and runs every test, from a fresh clone on.
 *
 *     npm test                      everything but the desktop VS Code
 *     npm test -- quick             lint, format, types and unit tests
 *     npm test -- unit|process|editor
 *     npm test -- electron          the suite of the extension host, in the desktop VS Code
 *
 * The last line says `N passed, N failed` over all levels. A gate (lint, build, ...) that fails counts as one failure.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exitCode, findProgram, root, run, usePinnedNode } from './lib.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ name: string, kind: 'gate' | 'tests', needs?: string[], run: () => Promise<Counts | void> }} Stage */

const SUBSETS = {
  all: [
    'lint',
    'format',
    'types',
    'build',
    'unit',
    'package',
    'process',
    'browser',
    'webview',
    'extension host',
    'end to end',
  ],
  quick: ['lint', 'format', 'types', 'unit'],
  unit: ['build', 'unit'],
  process: ['build', 'package', 'process'],
  editor: ['build', 'package', 'browser', 'webview', 'extension host', 'end to end'],
  electron: ['build', 'desktop'],
};

await usePinnedNode();

const wanted = process.argv[2] ?? 'all';
if (!Object.hasOwn(SUBSETS, wanted)) {
  console.error(`Unknown tests: ${wanted}. Choose one of ${Object.keys(SUBSETS).join(', ')}.`);
  process.exit(2);
}

const node = process.execPath;
const scratch = await mkdtemp(path.join(tmpdir(), 'llm-spend-tests-'));
const strip = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON';

/** A JavaScript program of a dependency, by its path below node_modules. @param {string} file @param {string[]} args */
const tool = (file, ...args) => run(node, [path.join(root, 'node_modules', file), ...args]);

/** @type {Stage[]} */
const stages = [
  { name: 'lint', kind: 'gate', run: () => tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  { name: 'format', kind: 'gate', run: () => tool('prettier/bin/prettier.cjs', '--check', '.') },
  {
    name: 'types',
    kind: 'gate',
    run: async () => {
      await tool('typescript/bin/tsc', '-p', '.');
      await tool('typescript/bin/tsc', '-p', 'media');
    },
  },
  { name: 'build', kind: 'gate', run: () => run(node, ['scripts/build.mjs', '--all']) },
  { name: 'unit', kind: 'tests', run: () => vitest('unit') },
  { name: 'package', kind: 'gate', needs: ['build'], run: () => run(node, ['scripts/package.mjs', '--no-build']) },
  {
    name: 'process',
    kind: 'tests',
    needs: ['build'],
    run: async () => {
      // Another clock for some of the processes, and Windows. Without one of them its tests are skipped, and say so.
      const wanted = process.platform === 'linux' && canInstall() ? ['faketime', 'wine'] : [];
      const lacking = wanted.filter((name) => findProgram(name) === undefined);
      if (lacking.length > 0) await install(lacking).catch(() => undefined);
      return vitest('process');
    },
  },
  { name: 'browser', kind: 'gate', run: installBrowser },
  { name: 'webview', kind: 'tests', needs: ['build', 'browser'], run: () => vitest('webview') },
  {
    name: 'extension host',
    kind: 'tests',
    needs: ['build', 'browser'],
    run: () => hostSuite('test/editor/runInCodeServer.ts'),
  },
  { name: 'end to end', kind: 'tests', needs: ['package', 'browser'], run: () => vitest('editor') },
  { name: 'desktop', kind: 'tests', needs: ['build'], run: () => hostSuite('test/editor/runInElectron.ts') },
];

/** @param {string} project @returns {Promise<Counts>} */
async function vitest(project) {
  const file = path.join(scratch, `${project}.json`);
  const code = await exitCode(node, [
    path.join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${file}`,
  ]);
  const report = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report.testResults ?? [];
  // A file that could not be loaded fails without naming a test.
  const broken = files.filter((each) => each.status === 'failed' && each.assertionResults.every(passedOrSkipped));
  return counts(
    {
      passed: report.numPassedTests ?? 0,
      failed: (report.numFailedTests ?? 0) + broken.length,
      skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
    },
    code,
  );
}

/** @param {{ status: string }} result */
function passedOrSkipped({ status }) {
  return status !== 'failed';
}

/** @param {string} script @returns {Promise<Counts>} */
async function hostSuite(script) {
  const file = path.join(scratch, 'suite.json');
  // VS Code on a Linux machine without a screen needs one that is made up.
  const needsScreen =
    script.includes('Electron') && process.platform === 'linux' && !process.env.DISPLAY && findProgram('xvfb-run');
  const prefix = needsScreen ? ['xvfb-run', '-a'] : [];
  const [command = node, ...args] = [...prefix, node, strip, script];
  const code = await exitCode(command, args, { env: { ...process.env, LLM_SPEND_TEST_REPORT: file } });
  const report = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
  return counts(
    {
      passed: report.passed?.length ?? 0,
      failed: report.failed?.length ?? 0,
      skipped: report.skipped?.length ?? 0,
    },
    code,
  );
}

/** A run that failed without a failed test, or passed without any test, is a failure too. @param {Counts} found @param {number} code */
function counts(found, code) {
  const silent = (code !== 0 && found.failed === 0) || (code === 0 && found.passed === 0 && found.skipped === 0);
  return { ...found, failed: found.failed + (silent ? 1 : 0) };
}

async function installBrowser() {
  const { installCodeServer } = await import('../test/editor/harness/codeServer.ts');
  const { findBrowser } = await import('../test/editor/harness/browser.ts');
  await installCodeServer(console.log);
  if (findBrowser() !== undefined) return;
  if (!canInstall()) {
    throw new Error(
      'The editor tests need a Chromium. Install chromium or Google Chrome, or name one in the variable CHROMIUM' +
        (findProgram('apt-get') === undefined ? '.' : ' (as root this script would install it with apt-get).'),
    );
  }
  await install(['chromium', 'fonts-liberation']);
  if (findBrowser() === undefined) throw new Error('apt-get installed chromium, but it is not on the PATH.');
}

function canInstall() {
  return findProgram('apt-get') !== undefined && process.getuid?.() === 0;
}

/** @param {string[]} packages Debian's */
async function install(packages) {
  console.log(`Installing ${packages.join(' and ')} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}

/** @type {Map<string, Counts & { seconds: number, note: string }>} */
const results = new Map();
for (const stage of stages.filter(({ name }) => SUBSETS[/** @type {keyof typeof SUBSETS} */ (wanted)].includes(name))) {
  console.log(`\n=== ${stage.name} ===`);
  const start = performance.now();
  /** @type {Counts} */
  let found = { passed: 0, failed: 0, skipped: 0 };
  let note = '';
  const missing = stage.needs?.find((name) => (results.get(name)?.failed ?? 0) > 0);
  try {
    if (missing !== undefined) throw new Error(`not run, because ${missing} failed`);
    found = (await stage.run()) ?? found;
    note = stage.kind === 'gate' ? 'ok' : '';
  } catch (error) {
    found = { ...found, failed: 1 };
    note = error instanceof Error ? error.message : String(error);
    console.error(note);
  }
  results.set(stage.name, { ...found, note, seconds: (performance.now() - start) / 1000 });
}
await rm(scratch, { recursive: true, force: true });

console.log('');
const sum = { passed: 0, failed: 0 };
for (const [name, { passed, failed, skipped, seconds, note }] of results) {
  sum.passed += passed;
  sum.failed += failed;
  const tally = note || `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  console.log(`${failed > 0 ? 'FAILED' : 'ok    '}  ${name.padEnd(15)} ${seconds.toFixed(1).padStart(6)} s  ${tally}`);
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed > 0 ? 1 : 0);
