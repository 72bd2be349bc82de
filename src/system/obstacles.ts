import { accessSync, constants, readFileSync } from 'node:fs';
import { errno } from './errno.ts';

/** Reasons why a rename cannot replace a file although its folder is writable. */
export type Obstacle = 'mounted' | 'immutable' | 'read-only';

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
    return undefined;
  } catch (error) {
    const code = errno(error);
    if (code === 'EROFS') return 'read-only';
    // Linux reports this for the attribute "immutable", Windows for "read-only"; both refuse to replace the file.
    return code === 'EPERM' ? 'immutable' : undefined;
  }
}
