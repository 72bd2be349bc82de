/** Importing Claude Code's logs: 100,000 entries in 135 MB, the first time and again, beside ccusage's daily report. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeClaudeTree } from '../fixtures/claudeTree.ts';
import { ccusage } from '../process/sources/ccusageInstall.ts';
import { digits, inTurns, section, table, type Variant } from './lib/measure.ts';
import { benchFolder, distribution, quick } from './lib/place.ts';

const SIZE = quick ? { entries: 10_000, files: 20, text: 850 } : { entries: 100_000, files: 200, text: 850 };
const TURNS = quick ? 1 : 5;

const home = benchFolder('import');
writeClaudeTree(home, SIZE);
const env = { PATH: process.env['PATH'] ?? '', HOME: home, TZ: 'UTC' };
const cli = join(distribution, 'cli.js');
const config = join(home, '.config', 'llm-spend');

const TIME = '/usr/bin/time';
/** Largest resident set in MB, where that program can tell it. */
const memory = new Map<string, number>();

function timed(name: string, command: string, args: readonly string[]): number {
  const start = performance.now();
  const measured = existsSync(TIME) ? [TIME, '-f', '%M', command, ...args] : [command, ...args];
  const { status, stderr } = spawnSync(measured[0]!, measured.slice(1), { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  const kilobytes = Number(stderr.trim().split('\n').at(-1));
  if (measured[0] === TIME) memory.set(name, Math.max(memory.get(name) ?? 0, kilobytes / 1024));
  return took;
}

const ours = (name: string, ...flags: string[]): number =>
  timed(name, process.execPath, [cli, 'import', 'claude-code', '--json', ...flags]);

const variants: Record<string, Variant> = {
  'first import, parsing only (--dry-run)': () => {
    rmSync(config, { recursive: true, force: true });
    return ours('first import, parsing only (--dry-run)', '--dry-run');
  },
  'first import': () => {
    rmSync(config, { recursive: true, force: true });
    return ours('first import');
  },
  'second import, nothing new': () => {
    ours('filling');
    return ours('second import, nothing new');
  },
};
if (ccusage !== undefined) {
  variants['ccusage'] = () => timed('ccusage', ccusage!, ['claude', 'daily', '--json', '--offline']);
}

const samples = await inTurns(TURNS, variants);
const base = samples['ccusage'];
const megabytes = (name: string): string => (memory.has(name) ? `${Math.round(memory.get(name)!)} MB` : '-');

section(
  `Import: ${SIZE.entries} entries of Claude Code in ${SIZE.files} files`,
  table(
    ['', 'Median', 'x ccusage', 'Memory'],
    Object.entries(samples).map(([name, sample]) => [
      name,
      `${digits(sample.p50)} ms`,
      base === undefined ? '-' : digits(sample.p50 / base.p50),
      megabytes(name),
    ]),
  ),
);
