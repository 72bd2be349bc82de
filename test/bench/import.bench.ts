/**
 * Importing Claude Code's logs: 100,000 entries in 135 MB, the first time and again, beside ccusage's daily report; with
 * `--huge` also 400,000 in 1 GB. Both must come to the same tokens.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeClaudeTree, type TreeSize } from '../fixtures/claudeTree.ts';
import { ccusage } from '../process/sources/ccusageInstall.ts';
import { digits, inTurns, section, table, type Variant } from './lib/measure.ts';
import { benchFolder, type Build, builds, huge, quick } from './lib/place.ts';

const USUAL = quick ? { entries: 10_000, files: 20, text: 850 } : { entries: 100_000, files: 200, text: 850 };
const HUGE = { entries: 400_000, files: 800, text: 1_900 };
const TIME = '/usr/bin/time';
const CCUSAGE = 'ccusage';

interface Tokens {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

await measure(USUAL, quick ? 1 : 5);
if (huge) await measure(HUGE, 1);

async function measure(size: TreeSize, turns: number): Promise<void> {
  const home = benchFolder('import');
  writeClaudeTree(home, size);
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TZ: 'UTC' };
  const config = join(home, '.config', 'llm-spend');
  /** Largest resident set of each run in MB, if a program to measure it is available. */
  const memory = new Map<string, number[]>();

  const run = (name: string, command: string, args: readonly string[]): { took: number; output: string } => {
    const measured = existsSync(TIME) ? [TIME, '-f', '%M', command, ...args] : [command, ...args];
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(measured[0]!, measured.slice(1), {
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const took = performance.now() - start;
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const kilobytes = Number(stderr.trim().split('\n').at(-1));
    if (measured[0] === TIME) memory.set(name, [...(memory.get(name) ?? []), kilobytes / 1024]);
    return { took, output: stdout };
  };
  const ours = (name: string, { suffix, distribution }: Build, ...flags: string[]): number => {
    const cli = join(distribution, 'cli.js');
    return run(`${name}${suffix}`, process.execPath, [cli, 'import', 'claude-code', '--json', ...flags]).took;
  };
  const theirs = (): { took: number; output: string } =>
    run(CCUSAGE, ccusage!, ['claude', 'daily', '--json', '--offline']);
  const afresh = (name: string, build: Build, ...flags: string[]): number => {
    rmSync(config, { recursive: true, force: true });
    return ours(name, build, ...flags);
  };

  const variants: Record<string, Variant> = {
    'Node, an empty script': () => run('Node, an empty script', process.execPath, ['--eval', '0']).took,
  };
  for (const build of builds) {
    const add = (name: string, measured: (name: string) => number): void => {
      variants[`${name}${build.suffix}`] = () => measured(name);
    };
    add('first import, parsing only (--dry-run)', (name) => afresh(name, build, '--dry-run'));
    add('first import', (name) => afresh(name, build));
    add('second import, nothing new', (name) => {
      afresh('filling', build);
      return ours(name, build);
    });
  }
  if (ccusage !== undefined) variants[CCUSAGE] = () => theirs().took;

  const samples = await inTurns(turns, variants);
  const base = samples[CCUSAGE];
  const megabytes = (name: string): string => {
    const sizes = (memory.get(name) ?? []).sort((a, b) => a - b);
    const [median, most] = [sizes[Math.floor(sizes.length / 2)], sizes.at(-1)];
    return median === undefined || most === undefined ? '-' : `${Math.round(median)} MB (${Math.round(most)})`;
  };

  if (ccusage !== undefined) {
    const [build] = builds as [Build];
    afresh('filling', build);
    const report = run('costs', process.execPath, [join(build.distribution, 'cli.js'), 'costs', '--json']).output;
    const [own, other] = [JSON.stringify(tokensOfCosts(report)), JSON.stringify(tokensOfCcusage(theirs().output))];
    if (own !== other) throw new Error(`The tokens differ. Ours: ${own}, ccusage: ${other}`);
  }

  section(
    `Import: ${size.entries} entries of Claude Code in ${size.files} files`,
    table(
      ['', 'Median', 'x ccusage', 'Memory (most)'],
      Object.entries(samples).map(([name, sample]) => [
        name,
        `${digits(sample.p50)} ms`,
        base === undefined ? '-' : digits(sample.p50 / base.p50),
        megabytes(name),
      ]),
    ),
  );
  rmSync(home, { recursive: true, force: true });
}

function tokensOfCosts(report: string): Tokens {
  const { totals } = JSON.parse(report) as {
    totals: { input_tokens: number; output_tokens: number; cache_read_tokens: number; cache_write_tokens: number };
  };
  const { cache_read_tokens: cacheRead, cache_write_tokens: cacheWrite } = totals;
  return { input: totals.input_tokens - cacheRead - cacheWrite, output: totals.output_tokens, cacheRead, cacheWrite };
}

function tokensOfCcusage(report: string): Tokens {
  const { totals } = JSON.parse(report) as {
    totals: { inputTokens: number; outputTokens: number; cacheReadTokens: number; cacheCreationTokens: number };
  };
  return {
    input: totals.inputTokens,
    output: totals.outputTokens,
    cacheRead: totals.cacheReadTokens,
    cacheWrite: totals.cacheCreationTokens,
  };
}
