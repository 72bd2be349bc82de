import { basename, join } from 'node:path';
import { writeFileAtomically } from '../../../system/atomicFile.ts';
import { shareLike } from '../../../system/beside.ts';
import type { Disk, Signature } from '../../../system/disk.ts';
import { fsyncFolder, sameInode, sameVersion, signatureOf, unlinkIfThere } from '../../../system/disk.ts';
import { errno } from '../../../system/errno.ts';
import { acquireLock } from '../../../system/lock.ts';
import { corruptName, previousName } from '../../../system/sideFiles.ts';
import type { RepairResult } from '../../results.ts';
import { forgetLoss } from '../../loss.ts';
import { bringBack } from '../clearing.ts';
import { Connection } from '../connection.ts';
import { keptAside } from './aside.ts';
import { holdWriters } from './holdWriters.ts';
import { removeLeftovers, withSideFile } from './leftovers.ts';
import { lostText, noteLoss } from './loss.ts';
import { fileSize, hasLog, linkLog, logOf, moveLogAside, unlinkLog } from '../log.ts';
import type { Rebuilt } from './rebuild.ts';
import { badRows, contradictions, unify } from './badRows.ts';
import { rescuedText } from './rescue.ts';
import { addAll, addFrom, rebuild, restoreRows } from './rebuild.ts';
import type { Row } from '../rows.ts';
import { idOf, keyOf } from '../rows.ts';
import { checkSegments, touch, unseal } from '../columns/segments.ts';
import { slicer, steps } from '../../../system/slices.ts';
import type { Place } from '../state.ts';
import { leftoversOf } from '../state.ts';
import { findings } from './findings.ts';

/**
 * Repairs a database: everything readable goes into a new database, together with records that only the backup has, and the new
 * one replaces the old once it is complete. The damaged file is kept as it is.
 */

/** `automatic`: no user asked for it, so a note says what it does not find, until a user runs a repair. */
export type RepairMode = 'asked' | 'dry-run' | 'automatic';

export async function repairDatabase(disk: Disk, place: Place, now: number, mode: RepairMode): Promise<RepairResult> {
  const result = await new Repair(disk, place, now, mode).run();
  if (mode === 'asked') await forgetLoss(disk, place);
  return result;
}

/** A repair of one database. */
class Repair {
  readonly #disk: Disk;
  readonly #place: Place;
  readonly #now: number;
  readonly #mode: RepairMode;

  constructor(disk: Disk, place: Place, now: number, mode: RepairMode) {
    this.#disk = disk;
    this.#place = place;
    this.#now = now;
    this.#mode = mode;
  }

  async run(): Promise<RepairResult> {
    const { folder, base } = this.#place;
    if (!(await this.#isBroken())) return this.#mendRows();
    if (this.#mode === 'dry-run') return this.#withBuilt((built) => this.#planned(built));
    const release = await acquireLock(this.#disk, folder, base);
    try {
      return await this.#withBuilt(async (built) => {
        await removeLeftovers(this.#disk, folder, base);
        // Another process may have repaired it first.
        return (await this.#isBroken()) ? this.#mendWhole(built) : this.#mendRows();
      });
    } finally {
      await release();
    }
  }

  async #isBroken(): Promise<boolean> {
    const found = await findings(this.#disk, this.#place.path, 1);
    return found.length > 0 || (await leftoversOf(this.#disk, this.#place)) !== undefined;
  }

  /** Named like a token, so that other processes notice at once when the lock's holder is dead. */
  #withBuilt<T>(work: (built: string) => Promise<T>): Promise<T> {
    return withSideFile(this.#disk, this.#place, 'tok', work);
  }

  async #planned(built: string): Promise<RepairResult> {
    const place = this.#place;
    const rebuilt = await rebuild(this.#disk, place, built);
    const actions = actionsOf(place, rebuilt);
    if (fileSize(this.#disk, place.path) > 0) {
      actions.unshift(formerFile(`${place.base}.corrupt.<time>`));
    }
    return { actions, records: rebuilt.records, recovered: rebuilt.records, keptIn: undefined };
  }

  async #mendWhole(built: string): Promise<RepairResult> {
    const [disk, place, now] = [this.#disk, this.#place, this.#now];
    // Until the new database is in place, no process may add records to the damaged one.
    const release = fileSize(disk, place.path) > 0 ? await holdWriters(place.path) : undefined;
    try {
      const was = versionOf(disk, place.path);
      const leftovers = await leftoversOf(disk, place);
      const rebuilt = await rebuild(disk, place, built);
      // Before the new database is in place, so that it is never there without the note.
      if (this.#mode === 'automatic') await noteLoss(disk, place, { rebuilt, leftovers, now });
      const keptIn = await this.#swap(built, was, release !== undefined);
      const actions = actionsOf(place, rebuilt);
      if (keptIn !== undefined) actions.unshift(formerFile(basename(keptIn)));
      return { actions, records: rebuilt.records, recovered: rebuilt.records, keptIn };
    } finally {
      release?.();
    }
  }

  /**
   * Puts the new database in the place of the damaged one. First the old database gets its second name, together with its log, so
   * that it is kept in any case. Its log loses the first name before the new database gets it, because the two must never be
   * combined. A process that dies in between leaves only the database kept aside, which the next record or repair reads.
   * @param held whether writers were locked out since `was`.
   * @returns the second name.
   */
  async #swap(built: string, was: Version, held: boolean): Promise<string | undefined> {
    const disk = this.#disk;
    const now = this.#now;
    const { folder, base, path } = this.#place;
    await completeFile(disk, built, path);
    let kept: string | undefined;
    if (was.file !== undefined) {
      kept = join(folder, corruptName(base, now));
      await linkLog(disk, path, kept);
      await disk.rename(path, kept);
      if (!sameInode(signatureOf(disk.statSync(kept)), was.file)) {
        // Another process repaired it in the meantime: its database is the ledger.
        await disk.rename(kept, path);
        await unlinkIfThere(disk, logOf(kept));
        return undefined;
      }
      await unlinkLog(disk, path);
      const { file, log } = versionOf(disk, kept);
      // A process still had it open and has written to it since.
      if (!held && !(sameVersion(file, was.file) && sameVersion(log, was.log))) {
        await addFrom(disk, kept, built);
        await completeFile(disk, built, kept);
      }
    } else if (hasLog(disk, path)) {
      await moveLogAside(disk, path, now);
    }
    try {
      await disk.link(built, path);
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error;
      // In the meantime a record created a new database, or there is an empty file.
      await addAll(disk, built, path);
    }
    await fsyncFolder(disk, folder);
    return kept;
  }

  /**
   * Moves rows that are not records, which another program must have written, to a text file. Marks records of which two values
   * were found. Schedules columns that differ from their rows to be rebuilt.
   */
  async #mendRows(): Promise<RepairResult> {
    const [disk, place] = [this.#disk, this.#place];
    const dryRun = this.#mode === 'dry-run';
    const connection = await Connection.open(disk, place.path);
    if (!connection) return { actions: [], records: 0, recovered: 0, keptIn: undefined };
    try {
      const { bad, records } = await badRows(connection);
      const { untrue } = await steps(checkSegments(connection), slicer());
      const actions: string[] = [];
      let keptIn: string | undefined;
      let recovered = 0;
      let rescued = 0;
      if (bad.length > 0) {
        if (!dryRun) {
          keptIn = await this.#takeOut(connection, bad);
          const ids = bad.map(({ usage_id }) => idOf(usage_id));
          recovered = await restoreRows(disk, place, connection, ids);
        }
        actions.push(
          keptIn === undefined
            ? `rows that are not records, taken out: ${bad.length}`
            : `rows that are not records, taken out and kept in ${basename(keptIn)}: ${bad.length}`,
        );
        if (recovered > 0) actions.push(`of these, restored from ${previousName(place.base)}: ${recovered}`);
        const rest = bad.flatMap(({ rescued }) => rescued ?? []);
        rescued = dryRun ? rest.length : await connection.write(() => bringBack(connection, rest));
        if (!dryRun) recovered += rescued;
      }
      const twofold = await contradictions(disk, connection);
      if (!dryRun && twofold.length > 0) await connection.write(() => unify(connection, twofold));
      if (rescued + twofold.length > 0) actions.push(rescuedText(rescued + twofold.length));
      for (const { name, rows } of await keptAside(disk, connection)) {
        if (rows.length === 0) continue;
        if (!dryRun) recovered += await connection.write(() => bringBack(connection, rows));
        actions.push(`records restored from ${name}: ${rows.length}`);
      }
      if (untrue.length > 0) {
        const count = untrue.reduce((sum, segment) => sum + segment.records, 0);
        actions.push(`records whose sums are rebuilt from their rows: ${count}`);
        if (!dryRun) await connection.write(() => unseal(connection, untrue));
      }
      return { actions, records: records + recovered, recovered, keptIn };
    } finally {
      await connection.close();
    }
  }

  /** Moves the rows to a file. @returns its path. */
  async #takeOut(connection: Connection, rows: readonly Row[]): Promise<string> {
    const { folder, base, path } = this.#place;
    const name = `${corruptName(base, this.#now)}.rows`;
    const lines = rows.map(({ usage_id, text }) => `${JSON.stringify({ usage_id: idOf(usage_id), text })}\n`);
    await writeFileAtomically(join(folder, name), lines.join(''), { disk: this.#disk, ledger: path });
    await connection.write(() => {
      for (const { seq, usage_id } of rows) {
        connection.sql('DELETE FROM record WHERE seq = ? AND usage_id = ?').run(seq, keyOf(idOf(usage_id)));
      }
      touch(
        connection,
        rows.map(({ seq }) => seq),
      );
    });
    return join(folder, name);
  }
}

/** The steps, in words that fit those that are planned and those that were taken. */
function actionsOf(place: Place, rebuilt: Rebuilt): string[] {
  const { records, recovered, fromBackup, rescued, unreadable, lost } = rebuilt;
  return [
    `records read from the damaged file: ${recovered}`,
    ...(rescued > 0 ? [rescuedText(rescued)] : []),
    ...(lost.length > 0 ? [lostText(lost)] : []),
    ...(unreadable > 0 ? [`rows that cannot be read as records, only in the kept file: ${unreadable}`] : []),
    ...(fromBackup > 0 ? [`records restored from ${previousName(place.base)}: ${fromBackup}`] : []),
    `${place.base} rewritten; records in it: ${records}`,
  ];
}

function formerFile(keptIn: string): string {
  return `former file kept in ${keptIn}`;
}

/** Identifies the state of a database and its log, to detect writes. */
type Version = { file: Signature | undefined; log: Signature | undefined };

function versionOf(disk: Disk, path: string): Version {
  const of = (name: string): Signature | undefined =>
    fileSize(disk, name) > 0 ? signatureOf(disk.statSync(name)) : undefined;
  return { file: of(path), log: of(logOf(path)) };
}

/** Makes the new database durable, with the owner and mode of the old one, whose owner must be able to use it after root's repair. */
async function completeFile(disk: Disk, path: string, old: string): Promise<void> {
  const fd = await disk.open(path, 'r+');
  try {
    await shareLike(disk, fd, old);
    await disk.fsync(fd);
  } finally {
    await disk.close(fd);
  }
}
