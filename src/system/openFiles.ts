import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { errno } from './errno.ts';

/**
 * Whether a process of the user has a file open whose path passes the test.
 * @param uid the user. Other users' processes are checked as well, where the system allows it.
 * @returns undefined when the system does not reveal this for all of the user's processes.
 */
export function isOpenInProcess(uid: bigint, test: (path: string) => boolean): boolean | undefined {
  if (process.platform !== 'linux') return undefined;
  let isHidden = false;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    try {
      for (const fd of readdirSync(folder)) if (test(linkOf(`${folder}/${fd}`))) return true;
    } catch (error) {
      // A process that has ended since has no open files.
      const isDenied = errno(error) === 'EACCES' || errno(error) === 'EPERM';
      if (isDenied && ownerOf(`/proc/${pid}`) === uid) isHidden = true;
    }
  }
  return isHidden ? undefined : false;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function ownerOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.uid;
}
