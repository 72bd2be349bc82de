import { accessSync, constants, readFileSync } from 'node:fs';
import { errno } from './errno.ts';

/** What keeps a file from being replaced by a rename, although its folder can be written. */
export type Obstacle = 'mounted' | 'immutable' | 'read-only';

/**
 * Whether the path itself is a mount point, as when one file, and not its folder, is mounted into a container: a rename onto
 * it fails for ever (EBUSY), and files beside it are outside of the mount. Known on Linux only.
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
  // Most often the name does not occur at all. The mount point is the fifth field.
  return mounts.includes(escaped) && mounts.split('\n').some((line) => line.split(' ')[4] === escaped);
}

/** undefined: nothing that is known of the file itself. Ordinary permissions do not count: a rename does not ask for them. */
export function obstacleAt(path: string): Obstacle | undefined {
  if (isMountPoint(path)) return 'mounted';
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    const code = errno(error);
    if (code === 'EROFS') return 'read-only';
    // Linux says this of the attribute "immutable", Windows of "read-only", and both refuse to replace the file.
    return code === 'EPERM' ? 'immutable' : undefined;
  }
}
