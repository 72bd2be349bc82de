import { basename, dirname, join } from 'node:path';
import { shareLike, takeAccess } from './beside.ts';
import { fsyncFolder, readWhole, renameOnto, unlinkIfThere, writeAll, type Disk } from './disk.ts';
import { nodeDisk } from './nodeDisk.ts';
import { errno } from './errno.ts';
import { lockFolders, obstructionOf } from './lock.ts';
import { liveness } from './owner.ts';
import { PathError } from './paths.ts';
import { parseSideFile, sideFileName } from './sideFiles.ts';

/** Replaces files atomically: readers see either the old content or the new, never a part, even after a power cut. */

export interface AtomicOptions {
  /** Permissions of a new file, before the umask. A replaced file keeps its permissions and owner. Default: 0o600. */
  mode?: number;
  /** Whether to replace an existing file. If false, an existing file is an EEXIST error. Default: true. */
  replace?: boolean;
  /**
   * Whether the file must survive a power cut once {@link AtomicFile.commit} has resolved; caches do not need this. Default:
   * true.
   */
  durable?: boolean;
  /**
   * The ledger that the file belongs to. A new file gets the ledger's permissions and owner, as far as the system allows. The
   * temporary file is named after the ledger, so that a later process removes it if this one is killed.
   */
  ledger?: string;
  disk?: Disk;
}

/** How long to wait, in ms, for programs that have the file open: Windows does not replace an open file. */
const OPEN_FILE_PATIENCE_MS = 5000;

/** A file under a temporary name until it is committed. */
export class AtomicFile {
  readonly #target: string;
  readonly #temporary: string;
  readonly #replace: boolean;
  readonly #durable: boolean;
  readonly #disk: Disk;
  #fd: number | undefined;
  #length = 0;

  private constructor(target: string, temporary: string, fd: number, options: AtomicOptions) {
    this.#target = target;
    this.#temporary = temporary;
    this.#fd = fd;
    this.#replace = options.replace ?? true;
    this.#durable = options.durable ?? true;
    this.#disk = options.disk ?? nodeDisk;
  }

  /** @throws {Error} with `code` EEXIST, EISDIR, ELOOP (a symbolic link) or another system code. */
  static async create(target: string, options: AtomicOptions = {}): Promise<AtomicFile> {
    const { disk = nodeDisk, mode = 0o600, replace = true, ledger } = options;
    const before = await disk.lstat(target).catch((error: unknown) => {
      if (errno(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (before !== undefined && !replace) throw refusal('EEXIST', `${target} exists already`);
    if (before?.isSymbolicLink() === true) throw refusal('ELOOP', `${target} is a symbolic link`);
    if (before?.isDirectory() === true) throw refusal('EISDIR', `${target} is a folder`);
    if (before?.isFile() === false) throw refusal('EINVAL', `${target} is not a regular file`);
    const temporary = join(dirname(target), sideFileName(basename(ledger ?? target), 'tmp'));
    const file = new AtomicFile(target, temporary, await disk.open(temporary, 'wx', mode), options);
    try {
      if (before !== undefined) await takeAccess(disk, file.#fd!, before, Number(before.mode) & 0o777);
      else if (ledger !== undefined) await shareLike(disk, file.#fd!, ledger);
    } catch (error) {
      await file.discard();
      throw error;
    }
    return file;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#length = await writeAll(this.#disk, this.#fd!, bytes, this.#length);
  }

  async commit(): Promise<void> {
    if (this.#durable) await this.#disk.fsync(this.#fd!);
    await this.#close();
    if (this.#replace) await renameOnto(this.#disk, this.#temporary, this.#target, OPEN_FILE_PATIENCE_MS);
    else await this.#linkNew();
    if (this.#durable) await fsyncFolder(this.#disk, dirname(this.#target));
  }

  /** Removes the temporary file. Does nothing after a successful {@link commit}. */
  async discard(): Promise<void> {
    await this.#close().catch(() => undefined);
    await unlinkIfThere(this.#disk, this.#temporary).catch(() => undefined);
  }

  /** Unlike a rename, a link fails if another process has created the file in the meantime. */
  async #linkNew(): Promise<void> {
    try {
      await this.#disk.link(this.#temporary, this.#target);
    } catch (error) {
      if (errno(error) === 'EEXIST' || this.#disk.isThereSync(this.#target)) throw error;
      // The file system does not support links, so the check just before is all we can do.
      await this.#disk.rename(this.#temporary, this.#target);
    }
  }

  async #close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await this.#disk.close(fd);
  }
}

/** Writes a whole file, creating its folder if missing. */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  options: AtomicOptions = {},
): Promise<void> {
  await (options.disk ?? nodeDisk).mkdir(dirname(path));
  const file = await AtomicFile.create(path, options);
  try {
    await file.write(data);
    await file.commit();
  } finally {
    await file.discard();
  }
}

/** Errors of a lock that waiting may fix. A read-only folder stays one, and its error is reported at once. */
const PASSING = new Set(['ELOCKED', 'ENOENT', 'ENOTEMPTY', 'EEXIST']);
const PASSING_WINDOWS = new Set(['EPERM', 'EBUSY', 'EACCES']);
const LOCK_STALE_MS = 10_000;
const LOCK_RETRIES = { retries: 600, minTimeout: 10, maxTimeout: 100, factor: 1.2, randomize: true };

/**
 * Reads a file, changes its content and writes it back, excluding other processes that call this for the same file.
 * @param change receives the content (undefined: there is no file) and returns the new content, or undefined to leave the file
 * unchanged.
 */
export async function updateFile(
  path: string,
  change: (content: Buffer | undefined) => string | undefined,
  options: AtomicOptions = {},
): Promise<void> {
  const disk = options.disk ?? nodeDisk;
  await disk.mkdir(dirname(path));
  const { lock } = await import('proper-lockfile');
  const obstruction = await obstructionOf(nodeDisk, dirname(path), basename(path));
  if (obstruction !== undefined)
    throw new PathError(`${path} is locked: ${obstruction}. Remove it if no program uses it.`);
  let isHeld = true;
  const lockOptions = {
    realpath: false,
    stale: LOCK_STALE_MS,
    fs: lockFolders(nodeDisk),
    // The default throws from a timer, which ends the process.
    onCompromised: () => (isHeld = false),
  };
  const release = await lock(path, lockOptions).catch((error: unknown) => {
    const code = errno(error) ?? '';
    const mayPass = PASSING.has(code) || (process.platform === 'win32' && PASSING_WINDOWS.has(code));
    if (!mayPass) throw error;
    return lock(path, { ...lockOptions, retries: LOCK_RETRIES });
  });
  try {
    const content = change(await readWhole(disk, path));
    if (content === undefined) return;
    await removeLeftovers(disk, path);
    // A process that slept for longer than the stale time has lost the lock, and starts again.
    if (isHeld) return await writeFileAtomically(path, content, options);
  } finally {
    await release().catch(() => undefined);
  }
  return updateFile(path, change, options);
}

/** Removes the temporary files of killed writers of this file. */
async function removeLeftovers(disk: Disk, path: string): Promise<void> {
  for (const name of await disk.readdir(dirname(path))) {
    const side = parseSideFile(name, basename(path));
    if (side?.kind === 'tmp' && liveness(side.owner) === 'dead') {
      await unlinkIfThere(disk, join(dirname(path), name));
    }
  }
}

function refusal(code: string, what: string): Error {
  return Object.assign(new Error(what), { code });
}
