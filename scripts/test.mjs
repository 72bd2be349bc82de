/**
 * `npm test`: installs what is missing and runs every test, from a fresh clone on.
 *
 *     npm test                      everything but the desktop VS Code
 *     npm test -- quick             lint, format, types and unit tests
 *     npm test -- unit|process|editor
 *     npm test -- oldest            all end-to-end tests in the oldest supported editor; the others run a few there
 *     npm test -- electron          the suite of the extension host, in the desktop VS Code
 *
 * The stages form lanes, which run side by side: process and editor tests wait more than they compute. The lane of the code takes
 * what CPU time the others leave, because it alone keeps all CPUs busy to its end. Where more than one lane runs, a stage's
 * output is printed when it ends.
 *
 * At the end come a table of the stages, then each failed test with the start of its error.
 * The last line says `N passed, N failed` over all levels. A gate (lint, build, ...) that fails counts as one failure.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { getPriority, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { findProgram, NO_TYPE_WARNING, root, usePinnedNode } from './lib.mjs';
import { countTests, ERROR_LINES, failureLines } from './testReport.mjs';

/** @typedef {import('./testReport.mjs').Counts} Counts */
/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {'code' | 'processes' | 'editor' | 'alone'} lane one stage of a lane runs at a time, in the order below
 * @property {'gate' | 'tests'} kind
 * @property {string[]} [needs] stages that must have passed
 * @property {string[]} [after] stages that have to end before it, however they end
 * @property {(output: Output) => Promise<Counts | void>} run
 */

const SUBSETS = {
  all: [
    'lint',
    'format',
    'types',
    'unit',
    'build',
    'package',
    'process',
    'browser',
    'webview',
    'extension host',
    'end to end',
    'oldest editor',
    'windows, team',
  ],
  quick: ['lint', 'format', 'types', 'unit'],
  unit: ['build', 'unit'],
  process: ['build', 'package', 'process', 'windows, team'],
  editor: ['build', 'package', 'browser', 'webview', 'extension host', 'end to end', 'oldest editor'],
  oldest: ['build', 'package', 'browser', 'oldest editor'],
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

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])) {
  process.on(signal, () => {
    for (const child of running) child.kill('SIGTERM');
    process.exit(code);
  });
}

/** Where a stage and the programs that it runs write: to the terminal at once, or all of it when the stage ends. */
class Output {
  #text = '';
  #isLive;
  #yields;

  /** @param {boolean} isLive @param {boolean} yields whether its programs leave the CPU to the others */
  constructor(isLive, yields) {
    this.#isLive = isLive;
    this.#yields = yields;
  }

  /** @param {string} line */
  log = (line) => {
    if (this.#isLive) console.log(line);
    else this.#text += `${line}\n`;
  };

  /**
   * Runs a program to its end. A signal counts as 128, a program that is not there as 127.
   * @param {string} command
   * @param {readonly string[]} args
   * @param {Record<string, string | undefined>} [env] in addition to ours
   * @returns {Promise<number>}
   */
  exitCode(command, args, env = {}) {
    return new Promise((resolve, reject) => {
      const colours = !this.#isLive && process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
      const child = spawn(command, args, {
        cwd: root,
        // Texts are tested in English, whatever the language of the developer.
        env: { ...process.env, LLM_SPEND_LANG: 'en', ...colours, ...env },
        stdio: this.#isLive ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      });
      running.add(child);
      // Inherited by what it starts. A priority can only be lowered.
      if (this.#yields && child.pid !== undefined) setPriority(child.pid, Math.max(10, getPriority()));
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text) => (this.#text += text));
      }
      child.once('error', (error) => {
        running.delete(child);
        if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') resolve(127);
        else reject(error);
      });
      child.once('close', (code) => {
        running.delete(child);
        resolve(code ?? 128);
      });
    });
  }

  /** Runs a program to its end. Rejects when it fails. @param {string} command @param {readonly string[]} args @param {Record<string, string>} [env] */
  async run(command, args, env) {
    const code = await this.exitCode(command, args, env);
    const name = (command === node && args.find((arg) => !arg.startsWith('-'))) || command;
    if (code !== 0) throw new Error(`${path.basename(name)} failed with exit code ${code}`);
  }

  /** A JavaScript program of a dependency, by its path below node_modules. @param {string} file @param {string[]} args */
  tool(file, ...args) {
    return this.run(node, [path.join(root, 'node_modules', file), ...args]);
  }

  /** The last lines of what was kept: the errors of a gate. */
  get end() {
    return this.#text.trimEnd().split('\n').slice(-ERROR_LINES).join('\n');
  }

  /** Prints what was kept. */
  flush() {
    process.stdout.write(this.#text);
    this.#text = '';
  }
}

/** Process tests that run as a stage of their own. */
const LATER = ['test/process/windows', 'test/process/team'];

/** @type {Stage[]} */
const stages = [
  {
    name: 'lint',
    lane: 'code',
    kind: 'gate',
    run: (output) => output.tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings'),
  },
  {
    name: 'format',
    lane: 'code',
    kind: 'gate',
    run: (output) => output.tool('oxfmt/bin/oxfmt', '--check'),
  },
  {
    name: 'types',
    lane: 'code',
    kind: 'gate',
    run: async (output) => {
      for (const project of ['.', 'media', 'scripts']) await output.tool('typescript/bin/tsc', '-p', project);
    },
  },
  {
    name: 'unit',
    lane: 'code',
    kind: 'tests',
    run: async (output) => {
      await installPostgres(output);
      return vitest(output, 'unit');
    },
  },
  {
    name: 'build',
    lane: 'processes',
    kind: 'gate',
    run: (output) => output.run(node, [NO_TYPE_WARNING, 'scripts/build.mjs', '--release']),
  },
  {
    name: 'package',
    lane: 'processes',
    kind: 'gate',
    needs: ['build'],
    run: (output) => output.run(node, [NO_TYPE_WARNING, 'scripts/package.mjs', '--no-build']),
  },
  {
    name: 'process',
    lane: 'processes',
    kind: 'tests',
    needs: ['build', 'package'],
    run: (output) => processTests(output, { args: LATER.flatMap((folder) => ['--exclude', `${folder}/**`]) }),
  },
  { name: 'browser', lane: 'editor', kind: 'gate', run: installBrowser },
  {
    name: 'webview',
    lane: 'editor',
    kind: 'tests',
    needs: ['build', 'browser'],
    run: (output) => vitest(output, 'webview'),
  },
  {
    name: 'extension host',
    // It measures how long the extension takes: nothing else may keep the machine busy.
    lane: 'alone',
    kind: 'tests',
    needs: ['build', 'browser'],
    after: ['unit', 'process', 'end to end', 'oldest editor', 'windows, team'],
    run: (output) => hostSuite(output, 'test/editor/runInCodeServer.ts'),
  },
  {
    name: 'end to end',
    lane: 'editor',
    kind: 'tests',
    needs: ['package', 'browser'],
    run: (output) => vitest(output, 'editor'),
  },
  {
    name: 'oldest editor',
    lane: 'editor',
    kind: 'tests',
    needs: ['package', 'browser'],
    run: (output) =>
      vitest(output, 'oldest editor', wanted === 'oldest' ? { env: { LLM_SPEND_ALL_IN_OLDEST: '1' } } : {}),
  },
  {
    // The other process tests, in the lane that would end first.
    name: 'windows, team',
    lane: 'editor',
    kind: 'tests',
    needs: ['build', 'package'],
    run: (output) => processTests(output, { report: 'windows, team', args: LATER }),
  },
  {
    name: 'desktop',
    lane: 'editor',
    kind: 'tests',
    needs: ['build'],
    run: (output) => hostSuite(output, 'test/editor/runInElectron.ts'),
  },
];

/**
 * @param {Output} output
 * @param {string} project
 * @param {{ env?: Record<string, string>, report?: string, args?: readonly string[] }} [options]
 * @returns {Promise<Counts>}
 */
async function vitest(output, project, { env, report: name = project, args = [] } = {}) {
  const file = path.join(scratch, `${name}.json`);
  const program = path.join(root, 'node_modules/vitest/vitest.mjs');
  const reports = [
    '--reporter=default',
    `--reporter=${path.join(root, 'scripts/vitestReporter.mjs')}`,
    `--outputFile=${file}`,
  ];
  const code = await output.exitCode(node, [program, 'run', '--project', project, ...reports, ...args], env);
  const report = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
  return countTests(report, { stage: name, code, output: output.end });
}

/** @param {Output} output @param {Parameters<typeof vitest>[2]} options @returns {Promise<Counts>} */
async function processTests(output, options) {
  await installClockAndWindows(output);
  await installPostgres(output);
  return vitest(output, 'process', options);
}

/** @param {Output} output @param {string} script @returns {Promise<Counts>} */
async function hostSuite(output, script) {
  const file = path.join(scratch, `${path.basename(script)}.json`);
  // VS Code on a Linux machine without a screen needs a virtual one.
  const needsScreen =
    script.includes('Electron') && process.platform === 'linux' && !process.env.DISPLAY && findProgram('xvfb-run');
  const suite = [NO_TYPE_WARNING, script];
  const [command, args] = needsScreen ? ['xvfb-run', ['-a', node, ...suite]] : [node, suite];
  const code = await output.exitCode(command, args, { LLM_SPEND_TEST_REPORT: file });
  const report = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
  return countTests(report, { stage: 'extension host', code, output: output.end });
}

/** The editors, and a browser for them. They are downloaded side by side. @param {Output} output */
async function installBrowser(output) {
  const { installCodeServer } = await import('../test/editor/harness/codeServer.ts');
  const { findBrowser } = await import('../test/editor/harness/browser.ts');
  const editors = [installCodeServer(output.log), installCodeServer(output.log, 'oldest')];
  await Promise.all([installHeadlessShell(output), ...editors]);
  if (findBrowser() !== undefined) return;
  if (!canInstall()) {
    throw new Error(
      'The editor tests need a Chromium. Install chromium or Google Chrome, or name one in the variable CHROMIUM' +
        (findProgram('apt-get') === undefined ? '.' : ' (as root this script would install it with apt-get).'),
    );
  }
  await install(output, ['chromium', 'fonts-liberation']);
  if (findBrowser() === undefined) throw new Error('apt-get installed chromium, but it is not on the PATH.');
}

/** A Chromium without a user interface takes less CPU time. Not every distribution has it. @param {Output} output */
async function installHeadlessShell(output) {
  if (findProgram('chromium-headless-shell') !== undefined || !canInstall()) return;
  await install(output, ['chromium-headless-shell', 'fonts-liberation']).catch(() => undefined);
}

/** Another clock for some of the processes, and Windows. Without one of them its tests are skipped, and say so. @param {Output} output */
async function installClockAndWindows(output) {
  const wanted = process.platform === 'linux' && canInstall() ? ['faketime', 'wine'] : [];
  const lacking = wanted.filter((name) => findProgram(name) === undefined);
  if (lacking.length > 0) await install(output, lacking).catch(() => undefined);
}

/** The server for ledgers in PostgreSQL. Without it their tests are left out. @param {Output} output */
async function installPostgres(output) {
  if (process.platform !== 'linux' || process.env.LLM_SPEND_TEST_PG_URL || existsSync('/usr/lib/postgresql')) return;
  if (canInstall()) await install(output, ['postgresql']).catch(() => undefined);
  if (!existsSync('/usr/lib/postgresql')) {
    output.log(
      'PostgreSQL is not installed, so the tests of ledgers in it are skipped. Install the package postgresql.',
    );
  }
}

function canInstall() {
  return findProgram('apt-get') !== undefined && process.getuid?.() === 0;
}

/** dpkg has one lock, and the lanes run side by side. @type {Promise<unknown> | undefined} */
let installing;
/** By their names, because more than one stage may need the same. @type {Map<string, Promise<void>>} */
const installed = new Map();

/** @param {Output} output @param {string[]} packages Debian's */
function install(output, packages) {
  const names = packages.join(' and ');
  let done = installed.get(names);
  if (done === undefined) {
    output.log(`Installing ${names} with apt-get`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    installing ??= output.run('apt-get', ['update', '-qq'], env);
    done = installing.then(() =>
      output.run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], env),
    );
    installing = done.catch(() => undefined);
    installed.set(names, done);
  }
  return done;
}

/**
 * Installs from the start on what later stages need, so that they do not wait for it. A stage that needs a package waits for the same
 * installation, and reports its failure. @param {readonly Stage[]} selected
 */
function installAhead(selected) {
  const has = (/** @type {string[]} */ ...names) => selected.some(({ name }) => names.includes(name));
  const output = new Output(false, false);
  const begun = [
    ...(has('browser') ? [installHeadlessShell(output)] : []),
    ...(has('unit', 'process') ? [installPostgres(output)] : []),
    ...(has('process') ? [installClockAndWindows(output)] : []),
  ];
  for (const each of begun) each.catch(() => undefined);
}

/** @typedef {Counts & { seconds: number, note: string }} Result */

const selected = stages.filter(({ name }) => SUBSETS[/** @type {keyof typeof SUBSETS} */ (wanted)].includes(name));
const lanes = Map.groupBy(selected, ({ lane }) => lane);
/** By stage, from the start of the run on, so that a stage can wait for one of another lane. @type {Map<string, PromiseWithResolvers<Result>>} */
const results = new Map(selected.map(({ name }) => [name, Promise.withResolvers()]));

/** @param {Stage} stage @returns {Promise<Result>} */
async function runStage(stage) {
  let start = performance.now();
  const output = new Output(lanes.size === 1, lanes.size > 1 && stage.lane === 'code');
  /** @type {Counts} */
  let found = { passed: 0, failed: 0, skipped: 0, failures: [] };
  let note = '';
  try {
    for (const name of stage.after ?? []) await results.get(name)?.promise;
    for (const name of stage.needs ?? []) {
      const needed = await results.get(name)?.promise;
      if ((needed?.failed ?? 0) > 0) throw new Error(`not run, because ${name} failed`);
    }
    start = performance.now();
    console.log(lanes.size === 1 ? `\n=== ${stage.name} ===` : `... ${stage.name}`);
    found = (await stage.run(output)) ?? found;
    note = stage.kind === 'gate' ? 'ok' : '';
  } catch (error) {
    note = error instanceof Error ? error.message : String(error);
    output.log(note);
    found = { ...found, failed: 1, failures: [{ title: stage.name, error: output.end || note }] };
  }
  if (lanes.size > 1) console.log(`\n=== ${stage.name} ===`);
  output.flush();
  return { ...found, note, seconds: (performance.now() - start) / 1000 };
}

/** @param {Stage[]} lane */
async function runLane(lane) {
  for (const stage of lane) results.get(stage.name)?.resolve(await runStage(stage));
}

const began = performance.now();
installAhead(selected);
await Promise.all([...lanes.values()].map(runLane));
await rm(scratch, { recursive: true, force: true });

console.log('');
const sum = { passed: 0, failed: 0 };
const failures = [];
for (const [name, { promise }] of results) {
  const { passed, failed, skipped, seconds, note, ...result } = await promise;
  failures.push(...result.failures);
  sum.passed += passed;
  sum.failed += failed;
  const tally = note || `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  console.log(`${failed > 0 ? 'FAILED' : 'ok    '}  ${name.padEnd(15)} ${seconds.toFixed(1).padStart(6)} s  ${tally}`);
}
console.log(`        in all         ${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s`);
// Printed last, so that the end of a log says what failed.
if (failures.length > 0) console.log(['', ...failureLines(failures)].join('\n'));
console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed > 0 ? 1 : 0);
