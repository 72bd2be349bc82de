import { mkdirSync, statSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { isAbsolute, join } from 'node:path';
import { homeFolder } from '../system/paths.ts';

/**
 * Makes Node cache the compiled code of our bundles in the user's cache folder (Node 22.1 and later), so that short commands do
 * not compile the same code at each start. Node checks each entry's checksum and source before using it, and
 * NODE_DISABLE_COMPILE_CACHE=1 turns the cache off.
 */
export function keepCompiledCode(): void {
  try {
    const folder = cacheFolder();
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Cached code is executed, so the folder must be ours and not writable by other users.
    const { uid, mode } = statSync(folder);
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) return;
    const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown };
    enableCompileCache?.(folder);
  } catch {
    // Without a cache folder everything works, only slower.
  }
}

/** Returns undefined if the system defines no cache folder. */
function cacheFolder(): string | undefined {
  const { env, platform } = process;
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'];
    return local === undefined ? undefined : join(local, 'llm-spend', 'Cache');
  }
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'llm-spend');
  const home = homeFolder();
  if (!isAbsolute(home)) return undefined;
  return join(home, ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'llm-spend');
}
