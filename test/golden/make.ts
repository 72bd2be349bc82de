import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Library } from './answers.ts';
import { answersOf } from './answers.ts';
import { makeOthers } from './makeOthers.ts';

/**
 * Makes the golden files of one version with that version's own build. Run it once per release, before the release is tagged,
 * and never again for the same version: see README.md.
 *
 *     node test/golden/make.ts FOLDER_OF_THE_BUILT_VERSION VERSION
 */

const [built = '.', version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error('usage: make.ts FOLDER_OF_THE_BUILT_VERSION VERSION');
const dist = resolve(built, 'dist');
const target = join(import.meta.dirname, version);
const work = mkdtempSync(join(tmpdir(), 'llm-spend-golden-'));
const env = { PATH: process.env['PATH'], HOME: join(work, 'home'), XDG_CONFIG_HOME: join(work, 'config'), TZ: 'UTC' };
const libraryUrl = pathToFileURL(join(dist, 'index.mjs')).href;
const library = (await import(libraryUrl)) as Library;

/** Runs the command; an exit code other than 0 throws. */
function run(args: string[], input = '', environment: Record<string, string | undefined> = env): string {
  return execFileSync(process.execPath, [join(dist, 'cli.js'), ...args], {
    env: environment,
    input,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

/** Runs a program that has the library as `library` and kills itself with SIGKILL. */
function runAndDie(program: string): void {
  const text = `const library = await import(${JSON.stringify(libraryUrl)});\n${program}\nprocess.kill(process.pid, 'SIGKILL');`;
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    env,
    encoding: 'utf8',
  });
  if (signal !== 'SIGKILL') throw new Error(`the program ended otherwise: ${stderr}`);
}

/** A usage with every field that version 0.1.0 knows, and with repeated values. */
function usage(i: number): Record<string, unknown> {
  const pick = <T>(values: readonly T[]): T => values[i % values.length] as T;
  const unknownCost = i % 11 === 3;
  return {
    usage_id: `golden-${String(i).padStart(5, '0')}`,
    provider: pick(['openai', 'anthropic', 'google', 'ollama']),
    model: pick(['gpt-5', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'llama-4', 'gpt-5-mini']),
    operation: pick(['chat', 'extraction', 'tag_generation']),
    input_tokens: (i * 7919) % 100_000,
    output_tokens: (i * 104_729) % 9_000,
    ...(unknownCost ? {} : { cost_usd: ((i * 37) % 1000) / 1e4 + 1e-9 * (i % 7) }),
    ...(i % 5 === 0 ? { billing_mode: 'estimated', price_source: 'golden 2026-01-01' } : {}),
    timestamp: pick([
      new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toISOString(),
      `2026-03-29T0${i % 10}:30:00+02:00`,
      `2025-12-31T23:59:59.${String(i % 1000).padStart(3, '0')}-05:00`,
    ]),
    ...(i % 3 === 0 ? { cache_read_tokens: i % 50, cache_write_tokens: i % 20, cache_write_1h_tokens: i % 10 } : {}),
    ...(i % 4 === 0 ? { reasoning_tokens: i % 30 } : {}),
    ...(i % 2 === 0 ? { project: pick(['site', 'Ünïcode 🦊', '']) } : { project: null }),
    ...(i % 7 < 4 ? { branch: pick(['main', 'feature/one', 'fix']) } : {}),
    ...(i % 6 < 3 ? { session_id: `session-${i % 6}` } : {}),
    ...(i % 5 < 2 ? { tags: pick([['a'], ['a', 'b'], [], ['b', 'c', 'a'], ['a', 'a']]) } : {}),
    ...(i % 9 === 0 ? { note: 'line one\nline "two"' } : {}),
    ...(i % 8 === 0 ? { episode_title: pick(['Pilot', 'Finale']), template_name: 'summary' } : {}),
    // Fields unknown to version 0.1.0; later versions may know them.
    ...(i % 10 === 0 ? { of_another_tool: { nested: [1, null, 'x'] } } : {}),
    ...(i % 10 === 1 ? { user: { id: i }, commit: i, account: null } : {}),
    ...(i % 10 === 2 ? { user: 'ann', commit: 'c0ffee' } : {}),
  };
}

/** Compresses well, so that several segments make a small file. */
function small(i: number): Record<string, unknown> {
  const { cost_usd, provider, model, operation, episode_title, branch, session_id, tags } = usage(i % 60);
  const timestamp = new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString();
  const more = { cost_usd, provider, model, operation, episode_title, branch, session_id, tags };
  return { usage_id: `golden-${i}`, timestamp, input_tokens: i % 100, output_tokens: i, ...more };
}

const usages = (from: number, to: number): Record<string, unknown>[] =>
  Array.from({ length: to - from }, (_, i) => usage(from + i));
const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Makes one case: `make` fills a folder, whose files are kept together with the version's own answers about `ledger`. */
async function goldenCase(name: string, ledger: string, make: (path: string, folder: string) => void): Promise<void> {
  const folder = join(work, name);
  mkdirSync(folder);
  make(join(folder, ledger), folder);
  for (const file of readdirSync(folder))
    if (/\.lock$|-shm$/.test(file)) rmSync(join(folder, file), { recursive: true });
  const copy = join(work, `${name}-answers`);
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
  keep(name, folder);
  const answers = await answersOf(library, join(copy, ledger));
  writeFileSync(join(target, name, 'answers.json'), `${JSON.stringify({ ledger, ...answers }, undefined, 2)}\n`);
}

/** Copies a folder to `<name>/files`; files larger than 100 kB are compressed. */
function keep(name: string, folder: string): void {
  const to = join(target, name, 'files');
  cpSync(folder, to, { recursive: true });
  for (const file of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    const path = join(to, file);
    if (!statSync(path).isFile() || statSync(path).size < 100_000) continue;
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
    rmSync(path);
  }
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

for (const [kind, ledger] of [
  ['json', 'costs.json'],
  ['sqlite', 'costs.db'],
] as const) {
  const record = (path: string, from: number, to: number): void =>
    void run(['record', '--stdin', '--ledger', path], lines(usages(from, to)));

  await goldenCase(`${kind}-changed`, ledger, (path) => {
    record(path, 0, 60);
    record(path, 60, 66);
    run(['remove', '--ledger', path, 'golden-00003', 'golden-00010']);
    run(['reprice', '--ledger', path, '--include-recorded', 'gpt-5', '--yes']);
    run(['remove', '--ledger', path, 'golden-00020']);
  });

  await goldenCase(`${kind}-cleared`, ledger, (path) => {
    record(path, 0, 20);
    run(['clear', '--ledger', path, '--yes']);
    record(path, 100, 103);
  });
}

await goldenCase('json-foreign', 'costs.json', (path) => {
  // As written by old inkwell versions: without ids; then an element that is not a record, and one of another tool.
  const foreign = [
    '{"provider": "gemini", "model": "gemini-2.5-flash", "operation": "transcription", "input_tokens": 5, "output_tokens": 7, "cost_usd": 0.25, "timestamp": "2025-06-01T10:00:00.123456Z"}',
    '{"provider": "claude", "model": "claude-sonnet-4-5", "operation": "extraction", "total_tokens": 9, "cost_usd": 1e-7, "cost_known": false, "timestamp": "2025-06-02 10:00:00+02:00", "tags": null}',
    '{"not": "a record"}',
  ];
  writeFileSync(path, `[\n  ${foreign.join(',\n  ')}\n]`);
  run(['record', '--stdin', '--ledger', path], lines(usages(0, 3)));
});

await goldenCase('json-mended', 'costs.json', (path) => {
  run(['record', '--stdin', '--ledger', path], lines(usages(0, 10)));
  run(['record', '--stdin', '--ledger', path], lines(usages(10, 20)));
  truncateSync(path, statSync(path).size - 250);
  run(['record', '--stdin', '--ledger', path], lines(usages(20, 22)));
  run(['repair', '--ledger', path]);
});

await goldenCase('json-checkpoint', 'costs.json', (path) => {
  run(['record', '--stdin', '--ledger', path], lines(usages(0, 500)));
  for (const id of ['one', 'two']) {
    const fields = ['--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat', '--cost-usd', '0.5'];
    run(['record', '--ledger', path, '--id', id, '--timestamp', '2026-02-01T00:00:00Z', ...fields]);
  }
});

await goldenCase('json-journals', 'costs.json', (path, folder) => {
  run(['record', '--stdin', '--ledger', path], lines(usages(0, 5)));
  for (const from of [5, 10, 15]) {
    runAndDie(`
      const tracker = new library.CostTracker({ ledger: ${JSON.stringify(path)}, pricing: false });
      await tracker.refresh();
      await tracker.trackAll(${JSON.stringify(usages(from, from + 4))});`);
  }
  const journals = readdirSync(folder).filter((name) => name.endsWith('.journal'));
  if (journals.length !== 3) throw new Error(`3 journals were expected: ${journals.join()}`);
  // A line left by a power cut before it was acknowledged.
  const torn = join(folder, journals[0] as string);
  const bytes = readFileSync(torn);
  bytes.write('{"seen":0,"record":{"usage_id":"cut o', bytes.indexOf(0));
  writeFileSync(torn, bytes);
});

await goldenCase('sqlite-segments', 'costs.db', (path) => {
  run(['record', '--stdin', '--ledger', path], lines(Array.from({ length: 8_300 }, (_, i) => small(i))));
  run(['remove', '--ledger', path, 'golden-700']);
  rmSync(`${path}.prev`);
});

await goldenCase('sqlite-log', 'costs.db', (path) => {
  run(['record', '--stdin', '--ledger', path], lines(usages(0, 5)));
  runAndDie(`
    const tracker = new library.CostTracker({ ledger: ${JSON.stringify(path)}, pricing: false });
    await tracker.trackAll(${JSON.stringify(usages(5, 9))});`);
  if (statSync(`${path}-wal`).size === 0) throw new Error('nothing is in the log');
});

await makeOthers({ target, work, env, run, keep, built });

rmSync(work, { recursive: true });
