import { accessSync, closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errno } from './errno.ts';

const STICKY = 0o1000;

/** Reasons why a rename cannot replace a file although its folder is writable. */
export type Obstacle = 'mounted' | 'immutable' | 'read-only' | 'sticky';

/**
 * Whether the path itself is a mount point, as when a single file is mounted into a container: a rename onto it always fails
 * (EBUSY), and files beside it are outside the mount. Detected on Linux only.
 */
export function isMountPoint(path: string): boolean {
  if (process.platform !== 'linux') return false;
  let mounts: string;
  try {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return false;
  }
  const escaped = path.replaceAll(/[\\ \t\n]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  // Usually the name does not occur at all. The mount point is the fifth field.
  return mounts.includes(escaped) && mounts.split('\n').some((line) => line.split(' ')[4] === escaped);
}

/**
 * undefined: no known obstacle of the file itself. Ordinary permissions do not matter, because a rename does not check them.
 */
export function obstacleAt(path: string): Obstacle | undefined {
  if (isMountPoint(path)) return 'mounted';
  try {
    accessSync(path, constants.W_OK);
    // Linux reports "append-only" only when the file is opened.
    if (process.platform === 'linux') closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    const code = errno(error);
    if (code === 'EROFS') return 'read-only';
    // Linux reports this for the attributes "immutable" and "append-only", Windows for "read-only"; both refuse to replace the file.
    if (code === 'EPERM') return 'immutable';
  }
  return isKeptByStickyBit(path) ? 'sticky' : undefined;
}

/** In a folder with the sticky bit, as `/tmp` has it, only the owner of the file or of the folder may replace the file. */
function isKeptByStickyBit(path: string): boolean {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return false;
  try {
    const folder = statSync(dirname(path));
    return (folder.mode & STICKY) !== 0 && folder.uid !== user && statSync(path).uid !== user;
  } catch {
    return false;
  }
}
