import { basename, join } from 'node:path';
import { SideFileError } from '../../system/beside.ts';
import type { Disk, Signature } from '../../system/disk.ts';
import { ageOf, sameVersion, signatureOf, unlinkIfThere } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { liveness } from '../../system/owner.ts';
import { corruptName, parseSideFile, sideFileName } from '../../system/sideFiles.ts';
import type { Place } from '../place.ts';
import type { Problem } from '../results.ts';
import type { Entry, JournalContent } from './journalContent.ts';
import { readJournal } from './journalContent.ts';

/** A journal of a dead process, renamed to a name of this process. */
export interface Adopted {
  path: string;
  content: JournalContent;
}

/** A journal whose owner's state is unknown is adopted if it was not touched for this long. */
const ABANDONED_MS = 30_000;
const NO_PERMISSION =
  'you have no permission to read it. The user who created it must commit it, or give it the owner and mode of the ledger.';
/** More than the resolution of the coarsest file system clock: FAT's, two seconds. */
const COARSEST_CLOCK_MS = 3_000;

/** The journals of other processes: reads their entries, and adopts the journals of dead processes. */
export class OthersJournals {
  readonly #disk: Disk;
  readonly #place: Place;
  readonly #known = new Map<string, { signature: Signature; readAt: number; content: JournalContent }>();
  /** Adopted journals that have not been read yet, and those that could not be removed. */
  readonly #carried = new Set<string>();
  readonly #undismissed: Adopted[] = [];
  /** Unreadable journals, usually of another user: their records are not counted, and the ledger reports this. */
  readonly #unreadable = new Map<string, string>();

  constructor(disk: Disk, place: Place) {
    this.#disk = disk;
    this.#place = place;
  }

  /** Entries in other processes' journals, by id. If a file disappears while being read, reads again. */
  async entries(isOwn: (path: string) => boolean): Promise<Map<string, Entry>> {
    const { folder, base } = this.#place;
    for (let tries = 0; ; tries++) {
      const entries = new Map<string, Entry>();
      let vanished = false;
      let names: string[];
      try {
        names = await this.#disk.readdir(folder);
      } catch (error) {
        if (errno(error) === 'ENOENT') return entries;
        throw error;
      }
      const seen = new Set<string>();
      for (const name of names) {
        const path = join(folder, name);
        if (parseSideFile(name, base)?.kind !== 'journal' || isOwn(path)) continue;
        seen.add(path);
        const content = await this.#journal(path);
        if (!content) vanished = true;
        for (const entry of content?.entries ?? []) entries.set(entry.record.usage_id, entry);
      }
      for (const path of this.#known.keys()) if (!seen.has(path)) this.#known.delete(path);
      for (const path of this.#unreadable.keys()) if (!seen.has(path)) this.#unreadable.delete(path);
      if (!vanished || tries === 5) return entries;
    }
  }

  async #journal(path: string): Promise<JournalContent | undefined> {
    try {
      const signature = signatureOf(await this.#disk.stat(path));
      const known = this.#known.get(path);
      // A journal keeps its size over many lines, so only its modification time reveals changes. If that is more recent than
      // the resolution of the file system's clock, the file may have changed again within the same tick.
      const hasAged = known && known.readAt - Number(known.signature.mtimeNs / 1_000_000n) > COARSEST_CLOCK_MS;
      if (hasAged && sameVersion(known.signature, signature)) return known.content;
      const readAt = Date.now();
      const content = signature.size === 0n ? { entries: [], bad: 0 } : await readJournal(this.#disk, path);
      this.#unreadable.delete(path);
      if (content) this.#known.set(path, { signature, readAt, content });
      return content;
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined;
      const isOthers = errno(error) === 'EACCES' || errno(error) === 'EPERM' || error instanceof SideFileError;
      if (!isOthers) throw error;
      this.#unreadable.set(path, error instanceof SideFileError ? error.message : NO_PERMISSION);
      return { entries: [], bad: 0 };
    }
  }

  /** A problem for each unreadable journal, with the reason. */
  problems(): Problem[] {
    return [...this.#unreadable].map(([path, reason]) => ({
      code: 'unreadable-journal',
      severity: 'warning',
      message: `The records that wait in ${basename(path)} are not counted: ${reason}`,
      file: path,
    }));
  }

  /**
   * Adopts the journals of dead processes: each is first renamed to a name of ours and then read, so that no other process
   * reads it as well, and its owner, if it is alive after all, notices.
   */
  async adopt(isOwn: (path: string) => boolean): Promise<Adopted[]> {
    const { folder, base } = this.#place;
    for (const adopted of this.#undismissed.splice(0)) await this.dismiss(adopted);
    for (const name of await this.#disk.readdir(folder)) {
      const side = parseSideFile(name, base);
      const path = join(folder, name);
      if (side?.kind !== 'journal' || isOwn(path)) continue;
      const life = liveness(side.owner);
      if (life === 'alive') continue;
      if (life === 'unknown' && ((await ageOf(this.#disk, path)) ?? 0) < ABANDONED_MS) continue;
      const mine = join(folder, sideFileName(base, 'journal'));
      try {
        await this.#disk.rename(path, mine);
      } catch {
        // It no longer exists, or we may not rename it: another process will adopt it.
        continue;
      }
      this.#carried.add(mine);
    }
    return this.#readCarried();
  }

  async #readCarried(): Promise<Adopted[]> {
    const adopted: Adopted[] = [];
    for (const path of this.#carried) {
      let content: JournalContent | undefined;
      try {
        content = await readJournal(this.#disk, path);
      } catch {
        continue;
      }
      this.#carried.delete(path);
      if (content && content.entries.length + content.bad > 0) adopted.push({ path, content });
      else await this.dismiss({ path, content: { entries: [], bad: 0 } });
    }
    return adopted;
  }

  /** Removes an adopted journal, or keeps it aside if part of it was unreadable. Failures are retried. */
  async dismiss(adopted: Adopted): Promise<void> {
    const { folder, base } = this.#place;
    try {
      if (adopted.content.bad === 0) await unlinkIfThere(this.#disk, adopted.path);
      else await this.#disk.rename(adopted.path, join(folder, corruptName(base, Date.now())));
    } catch (error) {
      if (errno(error) !== 'ENOENT') this.#undismissed.push(adopted);
    }
  }
}
