/** The npm package made by `npm run package`: checked with publint and attw, and installed in an empty project. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../../unit/repo/files.ts';

const run = promisify(execFile);
const isWindows = process.platform === 'win32';
const { name, version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
};
const tarball = path.join(repository, `${name}-${version}.tgz`);
const attw = path.join(repository, 'node_modules/@arethetypeswrong/cli/dist/index.js');

/** TypeScript 7 has no `moduleResolution: node10`; the older TypeScript that attw brings does. */
const COMPILERS = {
  current: path.join(repository, 'node_modules/typescript/bin/tsc'),
  older: path.join(repository, 'node_modules/@arethetypeswrong/core/node_modules/typescript/bin/tsc'),
};

/** An empty project in which the package is installed. */
let project = '';
let installed = '';
beforeAll(async () => {
  if (!existsSync(tarball)) throw new Error(`There is no ${path.basename(tarball)}: run "npm run package" before.`);
  project = await mkdtemp(path.join(tmpdir(), 'llm-spend-project-'));
  installed = path.join(project, 'node_modules', name);
  await writeFile(path.join(project, 'package.json'), '{"private":true}');
  const args = ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball];
  await run('npm', args, { cwd: project, shell: isWindows, env: withoutNpm() });
});
afterAll(() => rm(project, { recursive: true, force: true, maxRetries: 5 }));

/** Variables that npm sets for its scripts would make another npm use this repository. */
function withoutNpm(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(npm_|INIT_CWD$)/.test(key)));
}

describe('the npm package', () => {
  test('has no finding of publint, suggestions included', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true, level: 'suggestion' });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('resolves without a finding of attw, by node10, node16 and bundlers', async () => {
    const args = [attw, tarball, '--format', 'json'];
    const { stdout } = await run(process.execPath, args).catch((error: { stdout: string }) => error);
    const { analysis } = JSON.parse(stdout) as { analysis: { types: { kind: string }; problems: unknown[] } };
    expect(analysis.types.kind).toBe('included');
    expect(analysis.problems).toEqual([]);
  });

  test('holds the library and the command, and nothing of the editor', async () => {
    const files = await readdir(installed, { recursive: true });
    const named = files.map((file) => file.replaceAll(path.sep, '/')).filter((file) => !file.startsWith('dist/types/'));
    expect(named.toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'dist/cli.js',
      'dist/commands.js',
      'dist/core.js',
      'dist/git.js',
      'dist/index.d.mts',
      'dist/index.js',
      'dist/index.mjs',
      'dist/languages.br',
      'dist/licences.txt',
      'dist/live.js',
      'dist/postgres.js',
      'dist/prices.br',
      'dist/prices.js',
      'dist/reader.js',
      'dist/record.js',
      'dist/types',
      'package.json',
    ]);
  });

  test('its package.json names its own files, and needs nothing else', async () => {
    const manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(manifest).toMatchObject({ name, version, main: './dist/index.js', bin: { 'llm-spend': 'dist/cli.js' } });
    for (const key of ['private', 'dependencies', 'devDependencies', 'scripts', 'contributes', 'activationEvents']) {
      expect(manifest).not.toHaveProperty(key);
    }
    expect(await readdir(path.join(project, 'node_modules'))).toEqual(['.bin', '.package-lock.json', name]);
  });
});

describe('its command', () => {
  test('records, and counts what it recorded', async () => {
    const command = path.join(project, 'node_modules/.bin', isWindows ? `${name}.cmd` : name);
    const ledger = path.join(project, 'command.json');
    const llmSpend = async (...args: string[]): Promise<string> =>
      (await run(command, [...args, '--ledger', ledger], { cwd: project, shell: isWindows })).stdout;
    expect((await run(command, ['--version'], { shell: isWindows })).stdout.trim()).toBe(version);
    await llmSpend(
      'record',
      '--provider',
      'openai',
      '--model',
      'gpt-5',
      '--operation',
      'chat',
      '--input-tokens',
      '1000000',
    );
    const { totals } = JSON.parse(await llmSpend('costs', '--json')) as { totals: Record<string, unknown> };
    expect(totals).toMatchObject({ records: 1, cost_usd: 1.25 });
  });
});

/** The body of each program, whatever its module system. */
const BODY = `
  const usage: UsageInput = { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 0.25 };
  const tracker = new CostTracker({ ledger: process.argv[2] ?? '' });
  const stored: UsageRecord = await tracker.track(usage);
  const all: UsageRecord[] = await tracker.trackAll([usage, usage]);
  const totals = await tracker.summary();
  console.log(JSON.stringify([stored.cost_usd, all.length, typeof totals, (await tracker.recent(1)).length]));
  // @ts-expect-error an operation is required
  const refused = tracker.track({ provider: 'openai', model: 'gpt-5' });
  await refused.catch(() => {});
  await tracker.close();
`;
const PROGRAMS = {
  'esm.mts': `import { CostTracker, type UsageInput, type UsageRecord } from 'llm-spend';
${BODY}`,
  'required.cts': `import llmSpend = require('llm-spend');
type UsageInput = llmSpend.UsageInput;
type UsageRecord = llmSpend.UsageRecord;
const { CostTracker } = llmSpend;
async function main(): Promise<void> {${BODY}
  const esm = await import('llm-spend');
  if (esm.CostTracker !== llmSpend.CostTracker) throw new Error('there are two libraries');
}
void main();
`,
  'plain.ts': `import { CostTracker, type UsageInput, type UsageRecord } from 'llm-spend';
async function main(): Promise<void> {${BODY}}
void main();
`,
};

describe('the library from TypeScript, without a flag or another package', () => {
  beforeAll(async () => {
    for (const [file, text] of Object.entries(PROGRAMS)) await writeFile(path.join(project, file), text);
  });

  const NODE16 = { module: 'node16', moduleResolution: 'node16' };
  const BUNDLER = { module: 'esnext', moduleResolution: 'bundler' };
  const NODE10 = { module: 'commonjs', moduleResolution: 'node10' };
  test.each([
    ['current', 'node16', NODE16, { 'esm.mts': 'esm.mjs', 'required.cts': 'required.cjs' }],
    ['current', 'bundler', BUNDLER, { 'plain.ts': undefined }],
    ['older', 'node10', NODE10, { 'plain.ts': 'plain.js' }],
  ] as const)('%s compiler, resolution %s', async (compiler, resolution, modules, programs) => {
    const out = `out-${compiler}-${resolution}`;
    const config = path.join(project, `${out}.json`);
    const options = {
      compilerOptions: {
        target: 'es2022',
        ...modules,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        lib: ['es2022'],
        typeRoots: [path.join(repository, 'node_modules/@types')],
        types: ['node'],
        outDir: out,
      },
      files: Object.keys(programs),
    };
    await writeFile(config, JSON.stringify(options));
    await run(process.execPath, [COMPILERS[compiler], '-p', config]).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    const ledger = path.join(project, `${out}-costs.json`);
    for (const program of Object.values(programs)) {
      // The output of a bundler is not tested here, only the types.
      if (program === undefined) continue;
      const { stdout, stderr } = await run(process.execPath, [path.join(project, out, program), ledger]);
      expect(JSON.parse(stdout)).toEqual([0.25, 2, 'object', 1]);
      expect(stderr).toBe('');
    }
  });
});
