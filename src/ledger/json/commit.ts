import { join } from 'node:path';
import type { Disk, Signature } from '../../system/disk.ts';
import { fsyncFolder, pause, sameInode, sameVersion, signatureOf, unlinkIfThere, writeAll } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import type { Bytes } from './file.ts';
import { acquireLock } from '../../system/lock.ts';
import { isForeignTemporary, parseSideFile, previousName, sideFileName } from '../../system/sideFiles.ts';
import { liveness } from '../../system/owner.ts';
import { LedgerError } from '../results.ts';

/**
 * One commit, as `docs/ledger-protocol.md` has it. The token is the fence: a file of our own that becomes the ledger by a
 * rename. Whoever wants to commit removes every other token first and reads the ledger only then, so that a writer which
 * slept, or was taken for dead, finds no token to rename and starts again.
 */

/** Where a ledger really is, after links. */
export interface Place {
  folder: string;
  base: string;
  path: string;
}

export function placeOf(folder: string, base: string): Place {
  return { folder, base, path: join(folder, base) };
}

/** What the ledger holds at the moment of the commit, read after the fence went up. */
export interface Basis {
  bytes: Bytes;
  /** undefined: there is no file yet. */
  signature: Signature | undefined;
  /** Holds the inode: its number is not given to another file meanwhile. Closed by the commit. */
  fd: number | undefined;
  /** The ledger's bytes are damaged and kept elsewhere: they must not displace a sound previous version. */
  skipBackup: boolean;
}

/** The new content: ranges of the basis' bytes, in order, and what follows them. */
export interface Content {
  kept: { start: number; end: number }[];
  tail: Uint8Array;
}

export interface CommitWork<B extends Basis> {
  /** Runs all that follows once the lock is held, apart from other users of what this process knows of the ledger. */
  alone<T>(run: () => Promise<T>): Promise<T>;
  /** Reads the ledger. Called after the fence went up, again whenever the ledger changed under our hands. */
  read(): Promise<B>;
  /** Decides the new content; undefined when there is nothing to write. May make what it needs durable elsewhere. */
  plan(basis: B): Promise<Content | undefined>;
  /** Takes note of what now stands in the ledger. */
  applied(basis: B, content: Content, signature: Signature): Promise<void>;
}

export interface Committed {
  /** The version that we put in place. */
  signature: Signature;
  /** Held open until the records are settled. Whoever gets it closes it. */
  fd: number;
}

const QUIESCE_MS = 300;
/** How long a commit tries against foreign writers that replace the ledger again and again. */
const ATTEMPTS_MS = 4_000;
/** A foreign temporary file that nobody has touched for so long does not hold up a commit. It does hold up settling. */
const FRESH_MS = 5_000;
const WINDOWS_PATIENCE_MS = 10_000;
const CHUNK = 8 * 1024 * 1024;

/**
 * Runs the work under lock and fence until its content stands in the ledger, or it has nothing to write.
 * @returns the version put in place; undefined when nothing had to be written.
 * @throws a system error; then nothing was changed, and no token is left.
 */
export async function commit<B extends Basis>(
  disk: Disk,
  place: Place,
  work: CommitWork<B>,
): Promise<Committed | undefined> {
  const release = await acquireLock(disk, place.folder, place.base);
  let committed: Committed | undefined;
  try {
    committed = await work.alone(async () => {
      const giveUp = performance.now() + ATTEMPTS_MS;
      for (;;) {
        const outcome = await attempt(disk, place, work);
        if (outcome !== 'again') return outcome;
        if (performance.now() > giveUp) {
          throw new LedgerError('busy', `Other programs keep rewriting ${place.path}. It is tried again later.`);
        }
      }
    });
  } finally {
    await release();
  }
  if (committed) {
    try {
      await fsyncFolder(disk, place.folder);
    } catch (error) {
      await disk.close(committed.fd).catch(() => undefined);
      throw error;
    }
  }
  return committed;
}

async function attempt<B extends Basis>(
  disk: Disk,
  place: Place,
  work: CommitWork<B>,
): Promise<Committed | undefined | 'again'> {
  const token = join(place.folder, sideFileName(place.base, 'tok'));
  const fd = await disk.open(token, 'wx', 0o600);
  let done = false;
  let basis: B | undefined;
  try {
    await revokeOthers(disk, place, token);
    // A version read at a quiet moment is the likelier to be still there when ours is written.
    await quiesce(disk, place);
    basis = await work.read();
    const content = await work.plan(basis);
    if (!content) return undefined;
    await takeOverMode(disk, fd, basis);
    await writeContent(disk, fd, basis.bytes, content);
    await disk.fsync(fd);
    const signature = signatureOf(await disk.fstat(fd));
    if (basis.fd !== undefined && !basis.skipBackup) await backUp(disk, place, basis);
    const outcome = await putInPlace(disk, place, token, basis, signature);
    if (outcome === 'again') return 'again';
    done = true;
    await work.applied(basis, content, signature);
    return { signature, fd };
  } finally {
    if (basis?.fd !== undefined) await disk.close(basis.fd).catch(() => undefined);
    if (!done) {
      await disk.close(fd).catch(() => undefined);
      await unlinkIfThere(disk, token).catch(() => undefined);
    }
  }
}

/** After this no writer that read before us can put its version in place. */
async function revokeOthers(disk: Disk, place: Place, own: string): Promise<void> {
  for (const name of await disk.readdir(place.folder)) {
    const side = parseSideFile(name, place.base);
    if (!side || join(place.folder, name) === own) continue;
    const leftBehind = side.kind === 'tmp' && liveness(side.owner) === 'dead';
    if (side.kind === 'tok' || leftBehind) await unlinkIfThere(disk, join(place.folder, name));
  }
}

/** The new file gets the mode and owner of the one that it replaces. A new ledger is the user's alone. */
async function takeOverMode(disk: Disk, fd: number, basis: Basis): Promise<void> {
  if (basis.fd === undefined || process.platform === 'win32') return;
  const stats = await disk.fstat(basis.fd);
  const own = await disk.fstat(fd);
  const mode = Number(stats.mode) & 0o777;
  if (mode !== (Number(own.mode) & 0o777)) await disk.fchmod(fd, mode);
  if (stats.uid !== own.uid || stats.gid !== own.gid) {
    // Only root may give files away; for anybody else the ledger becomes the writer's, as with any editor.
    await disk.fchown(fd, Number(stats.uid), Number(stats.gid)).catch((error: unknown) => {
      if (errno(error) !== 'EPERM') throw error;
    });
  }
}

async function writeContent(disk: Disk, fd: number, bytes: Bytes, content: Content): Promise<void> {
  let position = 0;
  for (const { start, end } of content.kept) {
    for (let at = start; at < end; at += CHUNK) {
      position = await writeAll(disk, fd, bytes.buffer.subarray(at, Math.min(end, at + CHUNK)), position);
    }
  }
  await writeAll(disk, fd, content.tail, position);
}

/**
 * Keeps the version that will be displaced as `.prev`, without a moment in which there is none. A second name for the
 * inode costs nothing; where the file system has no links, a copy.
 */
async function backUp(disk: Disk, place: Place, basis: Basis): Promise<void> {
  const temporary = join(place.folder, sideFileName(place.base, 'tmp'));
  const previous = join(place.folder, previousName(place.base));
  try {
    try {
      await disk.link(place.path, temporary);
    } catch (error) {
      const code = errno(error);
      if (code === 'ENOENT') return; // It has gone meanwhile: the last look before the rename will see that.
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO' || code === 'EROFS') throw error;
      const fd = await disk.open(temporary, 'wx', 0o600);
      try {
        await writeContent(disk, fd, basis.bytes, {
          kept: [{ start: 0, end: basis.bytes.length }],
          tail: new Uint8Array(0),
        });
        await disk.fsync(fd);
      } finally {
        await disk.close(fd);
      }
    }
    await disk.rename(temporary, previous);
  } finally {
    // A rename between two names of one inode does nothing and leaves both.
    await unlinkIfThere(disk, temporary).catch(() => undefined);
  }
}

async function putInPlace(
  disk: Disk,
  place: Place,
  token: string,
  basis: Basis,
  own: Signature,
): Promise<'done' | 'again'> {
  const giveUp = performance.now() + WINDOWS_PATIENCE_MS;
  for (let wait = 1; ; wait = Math.min(wait * 2, 200)) {
    await quiesce(disk, place);
    // From here to the rename nothing of this process comes between.
    if (!sameVersion(versionOf(disk, place), basis.signature)) return 'again';
    try {
      disk.renameSync(token, place.path);
      return 'done';
    } catch (error) {
      const code = errno(error);
      if (code === 'ENOENT') {
        // Fenced off, unless the rename took place and only its answer was lost.
        const there = versionOf(disk, place);
        return there && sameInode(there, own) ? 'done' : 'again';
      }
      const passing = process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY');
      if (!passing || performance.now() > giveUp) throw error;
      await pause(wait);
    }
  }
}

function versionOf(disk: Disk, place: Place): Signature | undefined {
  try {
    return signatureOf(disk.statSync(place.path));
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Lets foreign writers in flight finish, for a moment: they will not notice us, so we had better not be in their way. */
async function quiesce(disk: Disk, place: Place): Promise<void> {
  const giveUp = performance.now() + QUIESCE_MS;
  while (performance.now() < giveUp) {
    const names = (await disk.readdir(place.folder)).filter(isForeignTemporary);
    const fresh = await Promise.all(names.map((name) => ageOf(disk, join(place.folder, name))));
    if (!fresh.some((age) => age !== undefined && age < FRESH_MS)) return;
    await pause(1 + Math.random() * 3);
  }
}

/** ms since the last change, never negative: a clock that was set back must not make a file look fresh for ever. */
export async function ageOf(disk: Disk, path: string): Promise<number | undefined> {
  try {
    return Math.abs(Date.now() - Number((await disk.stat(path)).mtimeMs));
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The names of writers that may still replace the ledger by a version which they read before ours. */
export interface InFlight {
  foreign: string[];
  tokens: string[];
}

export function inFlight(disk: Disk, place: Place): InFlight {
  const names = disk.readdirSync(place.folder);
  return {
    foreign: names.filter(isForeignTemporary),
    tokens: names.filter((name) => parseSideFile(name, place.base)?.kind === 'tok'),
  };
}
