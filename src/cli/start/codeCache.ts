import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { Script } from 'node:vm';
import { homeFolder } from '../../system/paths.ts';
import { randomHex } from '../../system/random.ts';

/**
 * The parts of the command, compiled once for all runs: a process that lives for 50 ms would spend a quarter of them on
 * compiling what the one before it has compiled. V8's code is kept in the person's cache folder. It is taken when the
 * process ends, so that it holds every function that was needed; `module.enableCompileCache`, measured beside it, saved a sixth of that.
 *
 * A kept file begins with the source that it was made from, and is used for no other: V8 itself compares lengths only.
 * Code of another version, or for other flags, V8 refuses. Whatever fails here, the part is loaded as any other module.
 */

const WRAPPER = [
  Buffer.from('(function (exports, require, module, __filename, __dirname) { '),
  Buffer.from('\n})'),
] as const;

const parts = new Map<string, unknown>();

/** What a CommonJS bundle exports. Bundles that it requires from its own folder are kept in the same way. */
export function loadPart(file: string): unknown {
  if (!parts.has(file)) parts.set(file, load(file));
  return parts.get(file);
}

function load(file: string): unknown {
  const path = cachePath(file);
  // `node:module` is loaded here alone: kept code requires nothing but its like and what Node has built in.
  if (path === undefined) return process.getBuiltinModule('node:module').createRequire(file)(file);
  const source = readFileSync(file);
  const kept = readKept(path, source);
  // Joined as bytes: a text that is joined is copied once more.
  const script = new Script(Buffer.concat([WRAPPER[0], source, WRAPPER[1]]).toString('utf8'), {
    filename: file,
    columnOffset: -WRAPPER[0].length,
    ...(kept === undefined ? {} : { cachedData: kept }),
  });
  const module = { exports: {} };
  const required = (name: string): unknown =>
    name.startsWith('./') ? loadPart(join(dirname(file), name)) : process.getBuiltinModule(name);
  const run = script.runInThisContext() as (...parameters: unknown[]) => void;
  run.call(module.exports, module.exports, required, module, file, dirname(file));
  if (kept === undefined || script.cachedDataRejected === true) process.on('exit', () => keep(path, source, script));
  return module.exports;
}

/** undefined: there is no place for it, or it is switched off, as Node's own is. */
function cachePath(file: string): string | undefined {
  const { env, platform } = process;
  if (env['NODE_DISABLE_COMPILE_CACHE'] === '1') return undefined;
  const name = `${basename(file, '.js')}-${process.version}-${process.arch}.code`;
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'];
    return local === undefined ? undefined : join(local, 'llm-spend', 'Cache', name);
  }
  const xdg = env['XDG_CACHE_HOME'];
  const folder = join(homeFolder(), ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']));
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : folder, 'llm-spend', name);
}

/** V8's code for exactly this source. Only what is ours and nobody else's to write is run: it is code. */
function readKept(path: string, source: Buffer): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { uid, mode } = fstatSync(fd);
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
    const bytes = readFileSync(fd);
    return bytes.subarray(0, source.length).equals(source) ? bytes.subarray(source.length) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Whole or not at all, and on the disk before it has its name: half of it would pass for code. */
function keep(path: string, source: Buffer, script: Script): void {
  const temporary = `${path}.${randomHex(6)}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch {
    return;
  }
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      for (const bytes of [source, script.createCachedData()]) {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      }
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // A disk that takes nothing back either. The command has done its work, and its exit code stands.
    }
  }
}
