import type { Disk, Signature } from '../../../system/disk.ts';
import { errno } from '../../../system/errno.ts';
import { sameInode, sameVersion, signatureOf } from '../../../system/disk.ts';

/**
 * A version of the ledger's file that can be recognised later.
 *
 * While a descriptor is open, its inode number is not reused, so the number alone identifies the version. Windows refuses to
 * rename onto an open file ({@link Disk.replacesOpenFiles}), so there nothing is kept open, and the version is identified by
 * file id, size and modification time. NTFS includes a reuse counter in the id, so ids do not recur. (The creation time would
 * not help: Windows gives it to the next file of the same name.)
 */
export interface HeldVersion {
  signature: Signature;
  fd: number | undefined;
}

/**
 * Takes over the descriptor of the file at `path`.
 * @throws ENOENT on systems where the descriptor must be closed, when the file no longer exists.
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
  // Windows finalises the modification time when the file is closed.
  return { signature: signatureOf(await disk.stat(path)), fd: undefined };
}

export async function releaseVersion(disk: Disk, held: HeldVersion | undefined): Promise<void> {
  if (held?.fd !== undefined) await disk.close(held.fd);
}

/** Whether the version is the current file at `path`. */
export function isVersionAt(disk: Disk, path: string, held: HeldVersion): boolean {
  const there = versionAt(disk, path);
  if (there === undefined) return false;
  return held.fd === undefined ? sameVersion(there, held.signature) : sameInode(there, held.signature);
}

/** undefined: the file does not exist. */
export function versionAt(disk: Disk, path: string): Signature | undefined {
  try {
    return signatureOf(disk.statSync(path));
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes a version written by another process durable. */
export async function syncVersion(disk: Disk, path: string, held: HeldVersion): Promise<void> {
  if (held.fd !== undefined) return disk.fsync(held.fd);
  // Windows can only sync files opened for writing.
  const fd = await disk.open(path, 'r+');
  try {
    await disk.fsync(fd);
  } finally {
    await disk.close(fd);
  }
}
