import { join } from 'node:path';
import { readWhole, unlinkIfThere, writeAll, type Disk } from '../../system/disk.ts';
import { stateFolder } from '../../system/paths.ts';
import { randomHex } from '../../system/random.ts';

/** Maximum number of notes kept, over all ledgers. */
const KEPT = 100;
/** A note with more ids would be slow to write and to read, so such an addition is not noted. */
const MAX_IDS = 2_000_000;
/** Only a note of at least this many ids can make the notes too large, so smaller ones need not look at the others' sizes. */
const LARGE = 10_000;
/** Maximum size of all notes together, apart from the newest. */
const MAX_BYTES = 64 * 2 ** 20;

/** The content of a note. */
export interface NotedAddition {
  /** ISO 8601. */
  at: string;
  ids: readonly string[];
  /** Absent: the records were recorded one by one or together. */
  op?: 'import' | undefined;
  /** Number of records that the import updated. */
  updated?: number | undefined;
}

/** An addition by a process of this user. */
export interface AdditionNote extends NotedAddition {
  /** The file that contains the note. */
  file: string;
}

/**
 * Notes about additions in the user's state folder, from which `llm-spend undo` learns what an earlier process added. A note
 * contains only ids, one file per addition. The safety of records does not depend on notes, so they are not synced, and
 * failures to write them are ignored.
 */
export class AdditionNotes {
  readonly #ledger: string;
  readonly #disk: Disk;

  constructor(ledger: string, disk: Disk) {
    this.#ledger = ledger;
    this.#disk = disk;
  }

  /** Never rejects. Resolves with undefined when nothing was noted. */
  async add(addition: NotedAddition): Promise<AdditionNote | undefined> {
    const { at, ids } = addition;
    if (ids.length === 0 || ids.length > MAX_IDS) return undefined;
    try {
      const folder = this.#folder();
      await this.#disk.mkdir(folder);
      const file = join(folder, `${at.replaceAll(/\D/g, '')}-${randomHex(6)}.json`);
      await this.#write(file, JSON.stringify({ ledger: this.#ledger, ...addition }));
      const names = await this.#names();
      const kept = ids.length < LARGE ? names.slice(-KEPT) : this.#fitting(names.slice(-KEPT));
      for (const old of names.slice(0, names.length - kept.length)) await unlinkIfThere(this.#disk, join(folder, old));
      return { ...addition, file };
    } catch {
      return undefined;
    }
  }

  /** The newest note about this ledger, or that of the import at this time. */
  async last(importedAt?: string): Promise<AdditionNote | undefined> {
    const time = importedAt?.replaceAll(/\D/g, '') ?? '';
    for (const name of (await this.#names()).toReversed()) {
      if (!name.startsWith(time)) continue;
      const file = join(this.#folder(), name);
      const note = parse(await readWhole(this.#disk, file));
      if (note?.ledger !== this.#ledger || (importedAt !== undefined && note.op !== 'import')) continue;
      return { at: note.at, ids: note.ids, op: note.op, updated: note.updated, file };
    }
    return undefined;
  }

  async drop({ file }: AdditionNote): Promise<void> {
    await unlinkIfThere(this.#disk, file);
  }

  #folder(): string {
    return join(stateFolder(), 'undo');
  }

  /** The newest notes that are small enough together. */
  #fitting(names: readonly string[]): string[] {
    let room = MAX_BYTES;
    const tooOld = names.slice(0, -1).findLastIndex((name) => {
      room -= Number(this.#disk.findSync(join(this.#folder(), name))?.size ?? 0);
      return room < 0;
    });
    return names.slice(tooOld + 1);
  }

  async #write(file: string, text: string): Promise<void> {
    const fd = await this.#disk.open(file, 'wx', 0o600);
    try {
      await writeAll(this.#disk, fd, Buffer.from(text), 0);
    } finally {
      await this.#disk.close(fd);
    }
  }

  /** Oldest first. */
  async #names(): Promise<string[]> {
    try {
      return (await this.#disk.readdir(this.#folder())).filter((name) => /^\d{17}-[\da-f]+\.json$/.test(name)).sort();
    } catch {
      // Without the folder there are no notes.
      return [];
    }
  }
}

/** undefined for an incomplete note. */
function parse(bytes: Buffer | undefined): (NotedAddition & { ledger: string }) | undefined {
  try {
    const note = JSON.parse(bytes?.toString('utf8') ?? '') as NotedAddition & { ledger: string };
    return typeof note.at === 'string' && Array.isArray(note.ids) ? note : undefined;
  } catch {
    return undefined;
  }
}
