/** The hook of agents, which runs before each of their tool calls: processor time at a thousand and a million records. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as library from '../../src/library/index.ts';
import { digits, inTurns, section, table, type Variant } from './lib/measure.ts';
import { benchFolder, benchRecord, distribution, ledgerOf, quick, short, usage } from './lib/place.ts';

const SIZES = quick ? [1_000, 10_000] : [1_000, 1_000_000];
const BATCH = 5_000;
const folder = benchFolder('budgets');
const { CostTracker } = createRequire(import.meta.url)(join(distribution, 'index.js')) as typeof library;
const empty = join(folder, 'empty.js');
writeFileSync(empty, '');

/** The home folder of a user whose ledger this is, with a budget. */
function home(name: string, ledger: string): NodeJS.ProcessEnv {
  const path = join(folder, 'homes', name);
  mkdirSync(join(path, 'llm-spend'), { recursive: true });
  writeFileSync(
    join(path, 'llm-spend', 'budgets.json'),
    JSON.stringify([{ name: 'all', amount: '1000000000', period: 'month' }]),
  );
  const folders = { HOME: path, XDG_CONFIG_HOME: path, XDG_STATE_HOME: path };
  return { ...process.env, ...folders, LLM_SPEND_LEDGER: ledger, XDG_CACHE_HOME: folder };
}

const meter = join(folder, 'meter.cjs');
writeFileSync(
  meter,
  `process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    require('node:fs').writeSync(3, String((user + system) / 1000));
  });`,
);

/** Processor time of a whole process, ms. */
function run(args: readonly string[], env: NodeJS.ProcessEnv): number {
  const stdio = ['pipe', 'ignore', 'pipe', 'pipe'] as const;
  const { status, output } = spawnSync(process.execPath, ['--require', meter, ...args], {
    env,
    input: '{}',
    stdio: [...stdio],
  });
  if (status !== 0) throw new Error(`exit code ${status}: ${String(output[2])}`);
  return Number(output[3]);
}

async function database(size: number): Promise<string> {
  const path = join(folder, `${short(size)}.db`);
  const tracker = new CostTracker({ ledger: path, pricing: false });
  for (let from = 0; from < size; from += BATCH) {
    await tracker.adopt(
      Array.from({ length: Math.min(BATCH, size - from) }, (_, i) => {
        const record = benchRecord(from + i) as never;
        return { record, text: JSON.stringify(record) };
      }),
    );
  }
  await tracker.close();
  return path;
}

const hook = [join(distribution, 'cli.js'), 'budget', 'hook', 'codex'];
const variants: Record<string, Variant> = { 'Node, an empty script': () => run([empty], process.env) };
const close: (() => Promise<void>)[] = [];
for (const size of SIZES) {
  for (const kind of ['SQLite', 'JSON']) {
    const ledger = kind === 'JSON' ? await ledgerOf(folder, `json-${short(size)}`, size) : await database(size);
    const env = home(`${kind}-${size}`, ledger);
    const name = `${kind}, ${short(size)} records`;
    // As the window of an editor does it: each record is in the file before the hook.
    const tracker = new CostTracker({ ledger, pricing: false });
    close.push(() => tracker.close());
    await tracker.track(usage);
    await tracker.flush();
    run(hook, env);
    variants[`${name}: after a record`] = async () => {
      await tracker.track(usage);
      await tracker.flush();
      return run(hook, env);
    };
    if (kind === 'JSON' && size > 100_000) continue;
    variants[`${name}: in full`] = () => {
      rmSync(join(env['XDG_STATE_HOME']!, 'llm-spend', 'budget-headroom.json'));
      return run(hook, env);
    };
  }
}
const at = await inTurns(quick ? 3 : 11, variants);
for (const each of close) await each();
section(
  'The hook of agents',
  'Milliseconds of processor time of `llm-spend budget hook`, a whole process. It looks in full once a day, and after an edit or a removal.',
  table(
    ['', 'p50', 'beyond an empty script'],
    Object.entries(at).map(([name, { p50 }]) => [name, digits(p50), digits(p50 - at['Node, an empty script']!.p50)]),
  ),
);
