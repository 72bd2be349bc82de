import { join } from 'node:path';
import { readWhole, unlinkIfThere, writeAll, type Disk } from '../../system/disk.ts';
import { stateFolder } from '../../system/paths.ts';
import { randomHex } from '../../system/random.ts';

/** Maximum number of notes kept, over all ledgers. */
const KEPT = 100;
/** A note with more ids would be slow to write and to read, so such an addition is not noted. */
const MAX_IDS = 100_000;

/** An addition by a process of this user. */
export interface AdditionNote {
  /** ISO 8601. */
  at: string;
  ids: readonly string[];
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
  async add(at: string, ids: readonly string[]): Promise<AdditionNote | undefined> {
    if (ids.length === 0 || ids.length > MAX_IDS) return undefined;
    try {
      const folder = this.#folder();
      await this.#disk.mkdir(folder);
      const file = join(folder, `${at.replaceAll(/\D/g, '')}-${randomHex(6)}.json`);
      await this.#write(file, JSON.stringify({ ledger: this.#ledger, at, ids }));
      for (const old of (await this.#names()).slice(0, -KEPT)) await unlinkIfThere(this.#disk, join(folder, old));
      return { at, ids, file };
    } catch {
      return undefined;
    }
  }

  /** The newest note about this ledger. */
  async last(): Promise<AdditionNote | undefined> {
    for (const name of (await this.#names()).toReversed()) {
      const file = join(this.#folder(), name);
      const note = parse(await readWhole(this.#disk, file));
      if (note?.ledger === this.#ledger) return { at: note.at, ids: note.ids, file };
    }
    return undefined;
  }

  async drop({ file }: AdditionNote): Promise<void> {
    await unlinkIfThere(this.#disk, file);
  }

  #folder(): string {
    return join(stateFolder(), 'undo');
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
function parse(bytes: Buffer | undefined): { ledger: string; at: string; ids: string[] } | undefined {
  try {
    const note = JSON.parse(bytes?.toString('utf8') ?? '') as { ledger: string; at: string; ids: string[] };
    return typeof note.at === 'string' && Array.isArray(note.ids) ? note : undefined;
  } catch {
    return undefined;
  }
}
