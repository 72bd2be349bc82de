import type { Disk, Signature } from '../../../system/disk.ts';
import { errno } from '../../../system/errno.ts';
import { sameInode, sameVersion, signatureOf } from '../../../system/disk.ts';

/**
 * A version of the ledger's file that can be recognised later.
 *
 * An open descriptor keeps an inode's number from being given to another file, so with one the number alone tells the
 * version. Windows refuses to rename onto an open file ({@link Disk.replacesOpenFiles}), so there nothing is kept open and
 * the version is told by file id, size and time of its last change. NTFS counts the uses of an id within the id, so that
 * it does not come back. (The time of creation would not help: Windows gives it to the next file of the same name.)
 */
export interface HeldVersion {
  signature: Signature;
  fd: number | undefined;
}

/**
 * Takes over the descriptor of the file at `path`.
 * @throws ENOENT where the descriptor has to be closed and the file has gone.
 */
export async function holdVersion(disk: Disk, path: string, fd: number): Promise<HeldVersion> {
  if (disk.replacesOpenFiles) {
    try {
      return { signature: signatureOf(await disk.fstat(fd)), fd };
    } catch (error) {
      await disk.close(fd).catch(() => undefined);
      throw error;
    }
  }
  await disk.close(fd);
  // Windows notes the time of a change for good when the file is closed, and not before.
  return { signature: signatureOf(await disk.stat(path)), fd: undefined };
}

export async function releaseVersion(disk: Disk, held: HeldVersion | undefined): Promise<void> {
  if (held?.fd !== undefined) await disk.close(held.fd);
}

/** Whether the version is the one that stands at `path` now. */
export function isVersionAt(disk: Disk, path: string, held: HeldVersion): boolean {
  const there = versionAt(disk, path);
  if (there === undefined) return false;
  return held.fd === undefined ? sameVersion(there, held.signature) : sameInode(there, held.signature);
}

/** undefined: there is no such file. */
export function versionAt(disk: Disk, path: string): Signature | undefined {
  try {
    return signatureOf(disk.statSync(path));
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the bytes of a version durable that another process wrote. */
export async function syncVersion(disk: Disk, path: string, held: HeldVersion): Promise<void> {
  if (held.fd !== undefined) return disk.fsync(held.fd);
  // Windows syncs only what is open for writing.
  const fd = await disk.open(path, 'r+');
  try {
    await disk.fsync(fd);
  } finally {
    await disk.close(fd);
  }
}
