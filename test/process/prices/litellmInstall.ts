import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * LiteLLM's price table, from its wheel on PyPI, fetched once into a cache; undefined if it is not available. The version is
 * pinned, so that a new version is compared when a maintainer can judge the differences.
 */
export const VERSION = '1.110.2';
const FOLDER = join(process.env['XDG_CACHE_HOME'] ?? join(homedir() || tmpdir(), '.cache'), 'llm-spend-test');
const TABLE = 'litellm/model_prices_and_context_window_backup.json';

/** One model; prices are USD per token. */
export interface LiteLlmModel {
  litellm_provider?: string;
  mode?: string;
  [field: string]: unknown;
}

export function litellmPrices(): Readonly<Record<string, LiteLlmModel>> | undefined {
  const path = join(FOLDER, `litellm-${VERSION}.json`);
  if (!existsSync(path) && !fetchTo(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, LiteLlmModel>;
}

function fetchTo(path: string): boolean {
  const folder = `${path}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  try {
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', `litellm==${VERSION}`];
    execFileSync('python3', pip, { cwd: folder, stdio: 'ignore', timeout: 170_000 });
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) return false;
    const unpack = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2])';
    execFileSync('python3', ['-c', unpack, wheel, TABLE], { cwd: folder, stdio: 'ignore' });
    renameSync(join(folder, TABLE), path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
