import { randomBytes } from 'node:crypto';
import { access, link, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { CliError, EXIT } from './exit.ts';

/** A file that appears whole or not at all, and that replaces nothing unless it may. */
export class AtomicFile {
  readonly #target: string;
  readonly #temporary: string;
  readonly #force: boolean;
  #handle: FileHandle | undefined;

  private constructor(target: string, temporary: string, force: boolean, handle: FileHandle) {
    this.#target = target;
    this.#temporary = temporary;
    this.#force = force;
    this.#handle = handle;
  }

  /** @throws {CliError} when the file exists and may not be replaced, or cannot be made. */
  static async create(target: string, force: boolean): Promise<AtomicFile> {
    if (!force && (await exists(target))) throw inTheWay(target);
    const name = `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`;
    const temporary = path.join(path.dirname(target), name);
    try {
      return new AtomicFile(target, temporary, force, await open(temporary, 'wx'));
    } catch (error) {
      throw cannotWrite(target, error);
    }
  }

  async write(text: string): Promise<void> {
    try {
      await this.#handle?.writeFile(text);
    } catch (error) {
      throw cannotWrite(this.#target, error);
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#handle?.sync();
      await this.#close();
      if (this.#force) await rename(this.#temporary, this.#target);
      else await this.#linkNew();
    } catch (error) {
      throw error instanceof CliError ? error : cannotWrite(this.#target, error);
    }
  }

  /** After {@link commit} does nothing. */
  async discard(): Promise<void> {
    await this.#close();
    await unlink(this.#temporary).catch(() => undefined);
  }

  /** A link, unlike a rename, fails when somebody has made the file meanwhile. */
  async #linkNew(): Promise<void> {
    try {
      await link(this.#temporary, this.#target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw inTheWay(this.#target);
      // No links on this file system: the check before it is the best there is.
      if (await exists(this.#target)) throw inTheWay(this.#target);
      await rename(this.#temporary, this.#target);
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function inTheWay(target: string): CliError {
  return new CliError('exists', `${target} exists already. Name another file, or replace it with --force.`, {
    exitCode: EXIT.failed,
    field: '--output',
  });
}

function cannotWrite(target: string, error: unknown): CliError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'its folder does not exist. Create the folder first',
    ENOTDIR: 'a part of its path is no folder. Name another file',
    EISDIR: 'it is a folder. Name a file in it',
    EACCES: 'access is denied. Name another file',
    EPERM: 'access is denied. Name another file',
    EROFS: 'the disk is read-only. Name a file on another one',
    ENOSPC: 'the disk is full. Free some space',
  };
  const reason = reasons[code ?? ''] ?? message;
  return new CliError('output', `${target} could not be written: ${reason}.`, { field: '--output' });
}
