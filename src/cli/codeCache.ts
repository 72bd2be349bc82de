import * as fs from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { Script } from 'node:vm';
import { homeFolder, makeFolders } from '../system/paths.ts';

/**
 * Caches the compiled code of our bundles in the user's cache folder, so that short commands do not compile the same code at each
 * start. Node's own cache (`module.enableCompileCache`) is filled when a file is loaded, so it lacks every function that is
 * compiled later, on its first call. This one is filled at the end of the process: a one-shot `record` takes 17 ms of processor
 * time less than with Node's (docs/benchmarks.md).
 *
 * An entry contains the source that it was made from, and a checksum: V8 itself compares only lengths. V8 rejects the code of
 * another version, or for other flags. Whenever something fails here, the bundle is loaded like any other module.
 */

const WRAPPER = ['(function (exports, require, module, __filename, __dirname) { ', '\n})'] as const;

/** Of an entry: the length of the source in bytes, and the checksum of the code. Then the code, then the source. */
const HEADER_WORDS = 2;

const bundles = new Map<string, unknown>();

/** Returns the exports of a CommonJS bundle. Bundles that it requires from its own folder are cached as well. */
export function loadBundle(file: string): unknown {
  if (!bundles.has(file)) bundles.set(file, load(file));
  return bundles.get(file);
}

function load(file: string): unknown {
  const path = cachePath(file);
  if (path === undefined) return process.getBuiltinModule('node:module').createRequire(file)(file);
  const source = fs.readFileSync(file);
  const cached = readEntry(path, source);
  // The bundles are ASCII (a test holds that), of which each byte is a character.
  const script = new Script(WRAPPER[0] + source.toString('latin1') + WRAPPER[1], {
    filename: file,
    columnOffset: -WRAPPER[0].length,
    ...(cached === undefined ? {} : { cachedData: cached }),
  });
  const module = { exports: {} };
  const required = (name: string): unknown =>
    name.startsWith('./') ? loadBundle(join(dirname(file), name)) : process.getBuiltinModule(name);
  const run = script.runInThisContext() as (...parameters: unknown[]) => void;
  run.call(module.exports, module.exports, required, module, file, dirname(file));
  if (cached === undefined || script.cachedDataRejected === true) {
    process.on('exit', () => writeEntry(path, source, script.createCachedData()));
  }
  return module.exports;
}

/** Returns undefined if the system defines no cache folder, or if caches of code are turned off. */
function cachePath(file: string): string | undefined {
  const { env, platform, version, arch } = process;
  if (env['NODE_DISABLE_COMPILE_CACHE'] === '1') return undefined;
  // Several installations, such as an editor's and npm's, do not replace each other's entries.
  const place = checksum(Buffer.from(file)).toString(16);
  const name = `${basename(file, '.js')}-${version}-${arch}-${place}.code`;
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'];
    return local === undefined ? undefined : join(local, 'llm-spend', 'Cache', name);
  }
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'llm-spend', name);
  const home = homeFolder();
  if (!isAbsolute(home)) return undefined;
  return join(home, ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'llm-spend', name);
}

/** Cached code is executed, so its folder and file must be ours and not writable by other users. */
function isOurs({ uid, mode }: fs.Stats): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

function readEntry(path: string, source: Buffer): Buffer | undefined {
  try {
    const folder = fs.statSync(dirname(path), { throwIfNoEntry: false });
    if (folder === undefined || !isOurs(folder)) return undefined;
    const fd = fs.openSync(path, 'r');
    try {
      if (!isOurs(fs.fstatSync(fd))) return undefined;
      const bytes = fs.readFileSync(fd);
      const [length = 0, sum] = new Uint32Array(
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * HEADER_WORDS),
      );
      const code = bytes.subarray(4 * HEADER_WORDS, bytes.length - length);
      const isSame = length === source.length && bytes.subarray(bytes.length - length).equals(source);
      return isSame && checksum(code) === sum ? code : undefined;
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Writes an entry whole or not at all. Without a cache everything works, only slower, so failures are ignored. */
function writeEntry(path: string, source: Buffer, code: Buffer): void {
  const temporary = `${path}.${process.pid}`;
  try {
    makeFolders(dirname(path), 0o700);
    if (!isOurs(fs.statSync(dirname(path)))) return;
    const header = new Uint8Array(Uint32Array.of(source.length, checksum(code)).buffer);
    fs.writeFileSync(temporary, Buffer.concat([header, code, source]), { flag: 'wx', mode: 0o600 });
    fs.renameSync(temporary, path);
  } catch {
    try {
      fs.rmSync(temporary, { force: true });
    } catch {
      // The disk does not even allow removing it.
    }
  }
}

/** A checksum over 32-bit words. `zlib.crc32` would take 6 ms to load. */
function checksum(bytes: Buffer): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(bytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
  let sum = bytes.length;
  for (let i = 0; i < words.length; i++) {
    sum = Math.imul(sum ^ words[i]!, 0x85ebca6b);
    sum ^= sum >>> 15;
  }
  for (let i = words.length * 4; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i]!, 0x85ebca6b);
  return sum >>> 0;
}
