import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders on a real disk, the programs built by `npm run build`, and ledgers of any size for benches. */

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const distribution = join(repository, 'dist');

/** The programs built from one version of the repository. */
export interface Build {
  /** Suffix for the names of measurements; empty for this version. */
  suffix: string;
  /** Its folder `dist`. */
  distribution: string;
}

/** This version, and with `npm run bench -- --beside FOLDER` the one built there: both are measured alternately. */
export const builds: readonly Build[] = [
  { suffix: '', distribution },
  ...[process.env['LLM_SPEND_BENCH_BESIDE'] ?? []]
    .flat()
    .map((folder) => ({ suffix: ' (before)', distribution: join(folder, 'dist') })),
];

const flags = new Set(process.argv.slice(2));
/** Takes about a minute, without the figures for the documentation. */
export const quick = flags.has('--quick');
/** Also measures files larger than the maximum JSON string. Needs 2 GB of disk. */
export const huge = flags.has('--huge');

/**
 * A new folder, removed at the end of the process. It is beside the repository's other caches, because the system's temporary
 * folder is in memory on many machines, where an fsync costs nothing and proves nothing.
 */
export function benchFolder(name: string): string {
  const parent = resolve(process.env['LLM_SPEND_BENCH_FOLDER'] ?? join(repository, '.cache/bench'));
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${name}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function benchRecord(i: number): Record<string, unknown> {
  const input = 1_000 + (i % 977);
  const output = 200 + (i % 331);
  return {
    usage_id: `${(i * 2_654_435_761 + 1).toString(16).padStart(14, '0').slice(-14)}-${i.toString(16).padStart(8, '0')}`,
    provider: ['claude', 'gemini', 'codex'][i % 3],
    model: `model-${i % 17}`,
    operation: 'extraction',
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    cost_usd: (input * 3 + output * 15) / 1e6,
    cost_known: true,
    billing_mode: 'known',
    timestamp: new Date(1_700_000_000_000 + i * 31_000).toISOString(),
    episode_title: null,
    template_name: null,
  };
}

/** A typical argument of `track()`. */
export const usage = {
  provider: 'claude',
  model: 'model-3',
  operation: 'extraction',
  input_tokens: 1200,
  output_tokens: 300,
  cost_usd: 0.0081,
};

/** Writes a ledger like inkwell does (indented by two), about 430 bytes per record. */
export async function writeLedger(path: string, records: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    let text = '[';
    for (let i = 0; i < records; i++) {
      const element = JSON.stringify(benchRecord(i), undefined, 2).replaceAll('\n', '\n  ');
      text += `${i === 0 ? '' : ','}\n  ${element}`;
      if (text.length > 1 << 20) {
        await file.write(text);
        text = '';
      }
    }
    await file.write(`${text}\n]`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A ledger in a new folder, copied if one of this size was already made. */
export async function ledgerOf(folder: string, name: string, records: number): Promise<string> {
  const model = join(folder, `model-${records}.json`);
  const path = join(folder, name, 'costs.json');
  mkdirSync(join(folder, name));
  if (records === 0) return path;
  try {
    statSync(model);
  } catch {
    await writeLedger(model, records);
  }
  copyFileSync(model, path);
  return path;
}

/** 1000 as `1k`. */
export function short(records: number): string {
  return records >= 1_000_000 ? `${records / 1_000_000}M` : records >= 1_000 ? `${records / 1_000}k` : String(records);
}
