import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '../../../../src/system/disk.ts';
import { blockingDisk } from '../../../../src/system/nodeDisk.ts';
import { LONG } from '../../../long.ts';
import type { LostNames } from './durableView.ts';
import { DurableView } from './durableView.ts';

/**
 * What goes wrong, once, at the n-th call that it can strike.
 * - `kill`: the process dies before the call; nothing of it happens any more.
 * - `half-kill`: a write gets half of its bytes out, then the process dies.
 * - `power`: the machine dies: also all that was not fsynced is gone (see {@link DurableView}).
 * - `error`: the call fails with `code`. `half-error`: a write gets half of its bytes out before.
 * - `short`: a write takes one byte, which is no error.
 * - `full`: from here on, until {@link FaultDisk.free}, nothing that needs space succeeds.
 */
export type Fault =
  | { kind: 'none' | 'kill' | 'half-kill' | 'short' | 'full' }
  | { kind: 'power'; names: LostNames }
  /** `every`: only each n-th call counts. */
  | { kind: 'error' | 'half-error'; code: string; every?: number };

export type Operation = keyof Disk;

const NEEDS_SPACE = new Set<Operation>([
  'open',
  'write',
  'append',
  'link',
  'mkdir',
  'mkdirExclusive',
  'rename',
  'renameSync',
]);

/**
 * Calls that change nothing on the disk. A process that dies before one of them leaves the same disk as one that dies before its next
 * change, and has acknowledged no more than that one, so the quick form of the tests counts changes only.
 */
const CHANGES_NOTHING = new Set<Operation>([
  'close',
  'read',
  'fstat',
  'stat',
  'lstat',
  'readdir',
  'readlink',
  'realpath',
  'statSync',
  'isThereSync',
  'findSync',
  'readdirSync',
]);

/** The rules that the disk follows: this system's, or those of another. */
export type Rules = 'host' | 'windows' | 'macOS';

/**
 * A real disk that counts all calls and applies a fault to one of them. With the rules of Windows a rename cannot replace an
 * open file, and as on macOS a write is durable only after an fsync. Calls run in the calling thread, because passing a million of them to
 * the thread pool took more time than the calls themselves.
 */
export class FaultDisk implements Disk {
  readonly durableWrites: boolean;
  readonly replacesOpenFiles: boolean;
  readonly died: Promise<void>;
  /** The calls so far, in order. */
  readonly trace: Operation[] = [];
  /** Called after each successful call, with its paths. */
  after: ((operation: Operation, paths: string[]) => void) | undefined;
  /** How many further renames onto the ledger find it open in another program, if the rules check that. */
  readersOfOthers = 0;
  readonly #fault: Fault;
  readonly #at: number;
  readonly #durable: DurableView;
  /** The paths of open descriptors. */
  readonly #open = new Map<number, string>();
  /** Descriptors whose writes are durable when they return. */
  readonly #synced = new Set<number>();
  #count = 0;
  #dead = false;
  #full = false;
  #die: () => void = () => undefined;

  /**
   * @param at 1-based, among the calls to which the fault applies.
   * @param attic a folder for files that a power cut restores.
   */
  constructor(fault: Fault, at: number, attic: string, rules: Rules = 'host') {
    this.durableWrites = rules === 'host' && (blockingDisk.durableWrites ?? false);
    this.replacesOpenFiles = rules === 'macOS' || (rules === 'host' && blockingDisk.replacesOpenFiles);
    this.#fault = fault;
    this.#at = at;
    this.#durable = new DurableView(attic, at);
    this.died = new Promise((resolve) => (this.#die = resolve));
  }

  /** Whether the nth call has occurred. */
  get struck(): boolean {
    return this.#count >= this.#at;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** The paths of the files that are open. */
  get descriptors(): string[] {
    return [...this.#open.values()];
  }

  /** Another program writes `text` to a temporary file and renames it to `target`, without any fsync. */
  saveByOthers(temporary: string, target: string, text: Uint8Array): void {
    const fd = fs.openSync(temporary, 'w');
    this.#durable.opened(fd, temporary, true);
    this.#durable.written(fd, 0);
    fs.writeSync(fd, text);
    this.#durable.closing(fd);
    fs.closeSync(fd);
    this.#durable.renaming(temporary, target);
    fs.renameSync(temporary, target);
  }

  /** Ends a `full`. */
  free(): void {
    this.#full = false;
  }

  /** Prevents all further calls of this process. */
  kill(): void {
    this.#dead = true;
    this.#die();
  }

  /** Ends the process together with its machine: only what is durable stays on the disk. */
  cutPower(names: LostNames): void {
    this.kill();
    this.#durable.cut(names);
  }

  /** Closes the descriptors of a dead process. */
  dispose(): void {
    this.#dead = true;
    for (const fd of this.#open.keys()) fs.closeSync(fd);
    this.#open.clear();
    this.#durable.dispose();
  }

  open(path: string, flags: string, mode?: number): Promise<number> {
    const creates = !flags.startsWith('r');
    return this.#step('open', creates, [path], async () => {
      const isNew = creates && !fs.existsSync(path);
      const fd = await blockingDisk.open(path, flags, mode);
      if (this.#dead) fs.closeSync(fd);
      else this.#open.set(fd, path);
      this.#durable.opened(fd, path, isNew);
      if (flags === 'wxd' && this.durableWrites) this.#synced.add(fd);
      else this.#synced.delete(fd);
      return fd;
    });
  }
  close(fd: number): Promise<void> {
    // A descriptor is closed even if close fails.
    return this.#step('close', false, [], () => this.#close(fd)).catch(async (error: unknown) => {
      if (this.#open.has(fd)) await this.#close(fd);
      throw error;
    });
  }
  read(fd: number, into: Uint8Array, position: number): Promise<number> {
    return this.#step('read', false, [], () => blockingDisk.read(fd, into, position));
  }
  write(fd: number, bytes: Uint8Array, position: number): Promise<number> {
    return this.#write('write', fd, bytes, position);
  }
  append(fd: number, bytes: Uint8Array, position: number): Promise<number> {
    return this.#write('append', fd, bytes, position);
  }
  #write(operation: 'write' | 'append', fd: number, bytes: Uint8Array, position: number): Promise<number> {
    const put = async (count: number): Promise<number> => {
      this.#durable.written(fd, position);
      const written = await blockingDisk[operation](fd, bytes.subarray(0, count), position);
      if (this.#synced.has(fd)) this.#durable.synced(fd);
      return written;
    };
    return this.#step(
      operation,
      true,
      [],
      () => put(bytes.length),
      (fault) => put(fault.kind === 'short' ? 1 : Math.floor(bytes.length / 2)),
    );
  }
  fsync(fd: number): Promise<void> {
    return this.#step('fsync', false, [], async () => {
      await blockingDisk.fsync(fd);
      this.#durable.synced(fd);
    });
  }
  ftruncate(fd: number, length: number): Promise<void> {
    return this.#step('ftruncate', false, [], () => blockingDisk.ftruncate(fd, length));
  }
  fstat(fd: number): Promise<fs.BigIntStats> {
    return this.#step('fstat', false, [], () => blockingDisk.fstat(fd));
  }
  fchmod(fd: number, mode: number): Promise<void> {
    return this.#step('fchmod', false, [], () => blockingDisk.fchmod(fd, mode));
  }
  fchown(fd: number, uid: number, gid: number): Promise<void> {
    return this.#step('fchown', false, [], () => blockingDisk.fchown(fd, uid, gid));
  }
  stat(path: string): Promise<fs.BigIntStats> {
    return this.#step('stat', false, [path], () => blockingDisk.stat(path));
  }
  lstat(path: string): Promise<fs.BigIntStats> {
    return this.#step('lstat', false, [path], () => blockingDisk.lstat(path));
  }
  readdir(path: string): Promise<string[]> {
    return this.#step('readdir', false, [path], () => blockingDisk.readdir(path));
  }
  readlink(path: string): Promise<string> {
    return this.#step('readlink', false, [path], () => blockingDisk.readlink(path));
  }
  realpath(path: string): Promise<string> {
    return this.#step('realpath', false, [path], () => blockingDisk.realpath(path));
  }
  mkdir(path: string): Promise<void> {
    return this.#step('mkdir', true, [path], () => blockingDisk.mkdir(path));
  }
  rename(from: string, to: string): Promise<void> {
    return this.#step('rename', true, [from, to], async () => {
      this.#refuseOpen(to);
      this.#durable.renaming(from, to);
      fs.renameSync(from, to);
    });
  }
  link(existing: string, path: string): Promise<void> {
    return this.#step('link', true, [existing, path], async () => {
      fs.linkSync(existing, path);
      this.#durable.created(path);
    });
  }
  unlink(path: string): Promise<void> {
    return this.#step('unlink', false, [path], async () => {
      this.#durable.unlinking(path);
      fs.unlinkSync(path);
    });
  }
  mkdirExclusive(path: string): Promise<void> {
    return this.#step('mkdirExclusive', true, [path], () => blockingDisk.mkdirExclusive(path));
  }
  rmdir(path: string): Promise<void> {
    return this.#step('rmdir', false, [path], () => blockingDisk.rmdir(path));
  }
  utimes(path: string, accessed: Date, modified: Date): Promise<void> {
    return this.#step('utimes', false, [path], () => blockingDisk.utimes(path, accessed, modified));
  }
  statSync(path: string): fs.BigIntStats {
    return this.#stepSync('statSync', false, [path], () => blockingDisk.statSync(path));
  }
  isThereSync(path: string): boolean {
    return this.#stepSync('isThereSync', false, [path], () => blockingDisk.isThereSync(path));
  }
  findSync(path: string): fs.BigIntStats | undefined {
    return this.#stepSync('findSync', false, [path], () => blockingDisk.findSync(path));
  }
  readdirSync(path: string): string[] {
    return this.#stepSync('readdirSync', false, [path], () => blockingDisk.readdirSync(path));
  }
  renameSync(from: string, to: string): void {
    this.#stepSync('renameSync', true, [from, to], () => {
      this.#refuseOpen(to);
      // Windows allows this, but then the ledger is open, and other processes cannot commit.
      this.#refuseOpen(from);
      if (!this.replacesOpenFiles && this.readersOfOthers > 0) {
        this.readersOfOthers--;
        throw failure('EPERM');
      }
      this.#durable.renaming(from, to);
      blockingDisk.renameSync(from, to);
    });
  }

  /** Windows' rule, for files that this process has open. */
  #refuseOpen(target: string): void {
    if (this.replacesOpenFiles) return;
    const there = fs.statSync(target, { bigint: true, throwIfNoEntry: false });
    if (there === undefined) return;
    for (const fd of this.#open.keys())
      if (fs.fstatSync(fd, { bigint: true }).ino === there.ino) throw failure('EPERM');
  }

  async #close(fd: number): Promise<void> {
    this.#open.delete(fd);
    this.#durable.closing(fd);
    await blockingDisk.close(fd);
  }

  async #step<T>(
    operation: Operation,
    takesSpace: boolean,
    paths: string[],
    real: () => Promise<T>,
    partly?: (fault: Fault) => Promise<T>,
  ): Promise<T> {
    const verdict = this.#verdict(operation, takesSpace, partly !== undefined);
    if (verdict === 'partly') {
      const result = await partly!(this.#fault);
      if (this.#fault.kind === 'short') return result;
      if (this.#fault.kind === 'half-error') throw failure(this.#fault.code);
      this.kill();
    } else if (verdict !== undefined) {
      throw verdict;
    }
    // A dead process never gets an answer.
    if (this.#dead) return new Promise<T>(() => undefined);
    const result = await real();
    if (this.#dead) return new Promise<T>(() => undefined);
    this.after?.(operation, paths);
    return result;
  }

  #stepSync<T>(operation: Operation, takesSpace: boolean, paths: string[], real: () => T): T {
    const verdict = this.#verdict(operation, takesSpace, false);
    if (verdict instanceof Error) throw verdict;
    if (this.#dead) throw failure('EDEAD');
    const result = real();
    this.after?.(operation, paths);
    return result;
  }

  /** The outcome of this call: an error, a partial write, or undefined for the normal outcome. */
  #verdict(operation: Operation, takesSpace: boolean, isWrite: boolean): Error | 'partly' | undefined {
    if (this.#dead) return undefined;
    this.trace.push(operation);
    const { kind } = this.#fault;
    if (this.#full && takesSpace && NEEDS_SPACE.has(operation)) return failure('ENOSPC');
    const onWritesOnly = kind === 'half-kill' || kind === 'half-error' || kind === 'short';
    if (onWritesOnly && !isWrite) return undefined;
    if (kind === 'full' && !takesSpace) return undefined;
    if (!LONG && (kind === 'kill' || kind === 'power') && changesNothing(operation, takesSpace)) return undefined;
    if (kind === 'error' && this.trace.length % (this.#fault.every ?? 1) !== 0) return undefined;
    if (++this.#count !== this.#at) return undefined;
    switch (kind) {
      case 'none':
        return undefined;
      case 'kill':
        this.kill();
        return undefined;
      case 'power':
        this.cutPower(this.#fault.names);
        return undefined;
      case 'full':
        this.#full = true;
        return failure('ENOSPC');
      case 'error':
        return failure(this.#fault.code);
      case 'half-kill':
      case 'half-error':
      case 'short':
        return 'partly';
    }
  }
}

function changesNothing(operation: Operation, takesSpace: boolean): boolean {
  // To open a file for reading takes no space.
  return CHANGES_NOTHING.has(operation) || (operation === 'open' && !takesSpace);
}

/** An error as the system gives it. */
export function failure(code: string): Error {
  return Object.assign(new Error(`${code}: made to fail by a test`), { code });
}

/** A folder for {@link FaultDisk}'s attic, beside the ledger's folder. */
export function atticOf(folder: string): string {
  const attic = join(folder, 'attic');
  fs.mkdirSync(attic);
  return attic;
}
