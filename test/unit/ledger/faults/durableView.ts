import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Changes of names that a power cut reverts: all, only those of new files (a rename may reach the disk before them), or none.
 */
export type LostNames = 'all' | 'new' | 'none';

/**
 * The state after a power cut, by the letter of POSIX: bytes are safe once their file was fsynced, names once their folder was.
 * Anything else may be there afterwards or not.
 */
export class DurableView {
  readonly #attic: string;
  readonly #seed: number;
  /** By inode: our own descriptor, and the offset of the first byte that was not fsynced. */
  readonly #dirty = new Map<bigint, { fd: number; from: number }>();
  readonly #inodes = new Map<number, bigint>();
  readonly #folders = new Map<number, string>();
  /** The inverse of each change of names since the folder's last fsync, oldest first. */
  #names: { folder: string; isNew: boolean; undo: () => void }[] = [];
  #saved = 0;
  #cut = false;

  constructor(attic: string, seed: number) {
    this.#attic = attic;
    this.#seed = seed;
  }

  opened(fd: number, path: string, isNew: boolean): void {
    if (this.#cut) return;
    const stats = fs.fstatSync(fd, { bigint: true });
    if (stats.isDirectory()) this.#folders.set(fd, path);
    else this.#inodes.set(fd, stats.ino);
    if (isNew) this.created(path);
  }

  written(fd: number, position: number): void {
    const inode = this.#inodes.get(fd);
    if (this.#cut || inode === undefined) return;
    const known = this.#dirty.get(inode);
    if (known) known.from = Math.min(known.from, position);
    else this.#dirty.set(inode, { fd: fs.openSync(`/proc/self/fd/${fd}`, 'r+'), from: position });
  }

  synced(fd: number): void {
    if (this.#cut) return;
    const folder = this.#folders.get(fd);
    if (folder !== undefined) this.#names = this.#names.filter((name) => name.folder !== folder);
    const inode = this.#inodes.get(fd);
    if (inode !== undefined) this.#forget(inode);
  }

  closing(fd: number): void {
    this.#inodes.delete(fd);
    this.#folders.delete(fd);
  }

  created(path: string): void {
    this.#names.push({ folder: dirname(path), isNew: true, undo: () => fs.rmSync(path, { force: true }) });
  }

  unlinking(path: string): void {
    const saved = this.#save(path);
    if (saved !== undefined)
      this.#names.push({ folder: dirname(path), isNew: false, undo: () => fs.linkSync(saved, path) });
  }

  renaming(from: string, to: string): void {
    const moved = this.#save(from);
    const displaced = this.#save(to);
    if (moved === undefined) return;
    this.#names.push({
      folder: dirname(to),
      isNew: false,
      undo: () => {
        fs.rmSync(to, { force: true });
        fs.rmSync(from, { force: true });
        fs.linkSync(moved, from);
        if (displaced !== undefined) fs.linkSync(displaced, to);
      },
    });
  }

  /** Cuts the power: all unsynced bytes are lost, and the given changes of names. */
  cut(names: LostNames): void {
    this.#cut = true;
    for (const { fd, from } of this.#dirty.values()) {
      const { size } = fs.fstatSync(fd);
      fs.ftruncateSync(fd, from);
      // Some file systems keep the announced length, filled with zeros.
      if (this.#seed % 2 === 1 && size > from) fs.ftruncateSync(fd, size);
    }
    for (const { isNew, undo } of this.#names.toReversed()) {
      if (names === 'all' || (names === 'new' && isNew)) undo();
    }
  }

  dispose(): void {
    for (const { fd } of this.#dirty.values()) fs.closeSync(fd);
    this.#dirty.clear();
  }

  #forget(inode: bigint): void {
    const known = this.#dirty.get(inode);
    if (known) fs.closeSync(known.fd);
    this.#dirty.delete(inode);
  }

  #save(path: string): string | undefined {
    const saved = join(this.#attic, String(this.#saved++));
    try {
      fs.linkSync(path, saved);
      return saved;
    } catch {
      return undefined;
    }
  }
}
