import { AtomicFile } from '../../system/atomicFile.ts';
import { errno } from '../../system/errno.ts';
import { CliError, EXIT } from './exit.ts';
import { t } from '../language/text.ts';

/** The file of `--output`, which appears completely or not at all. Its errors are readable messages. */
export class ExportFile {
  readonly #target: string;
  readonly #file: AtomicFile;

  private constructor(target: string, file: AtomicFile) {
    this.#target = target;
    this.#file = file;
  }

  /** @throws {CliError} when the file exists and must not be replaced, or cannot be created. */
  static async create(target: string, replace: boolean): Promise<ExportFile> {
    const file = await inWords(target, () => AtomicFile.create(target, { replace, mode: 0o666 }));
    return new ExportFile(target, file);
  }

  write(text: string): Promise<void> {
    return inWords(this.#target, () => this.#file.write(text));
  }

  commit(): Promise<void> {
    return inWords(this.#target, () => this.#file.commit());
  }

  /** Removes the partial file. Does nothing after {@link commit}. */
  discard(): Promise<void> {
    return this.#file.discard();
  }
}

async function inWords<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw errno(error) === 'EEXIST' ? inTheWay(target) : cannotWrite(target, error);
  }
}

function inTheWay(target: string): CliError {
  return new CliError('exists', t`${target} exists already. Name another file, or replace it with --force.`, {
    exitCode: EXIT.failed,
    field: '--output',
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: t`its folder does not exist. Create the folder first`,
  ENOTDIR: t`part of its path is not a folder. Name another file`,
  EISDIR: t`it is a folder. Name a file in it`,
  ELOOP: t`it is a symbolic link. Name its target`,
  EINVAL: t`it is not a regular file. Name another one, or write to stdout`,
  EACCES: t`access is denied. Name another file`,
  EPERM: t`access is denied. Name another file`,
  EROFS: t`the disk is read-only. Name a file on another disk`,
  ENOSPC: t`the disk is full. Free some space`,
};

function cannotWrite(target: string, error: unknown): CliError {
  const reason = REASONS[errno(error) ?? ''] ?? (error as Error).message;
  return new CliError('output', t`${target} could not be written: ${reason}.`, { field: '--output' });
}
