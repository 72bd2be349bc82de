import { slicer } from '../../system/slices.ts';
import { isUtf8 } from 'node:buffer';
import type { UsageRecord } from '../../usage/record.ts';
import { isUnreadable, NAME_FIELDS, readStored } from '../../usage/stored.ts';
import { UsageTable } from '../../columns/table.ts';
import type { Damage, FoundRecord, SkippedElement } from './elements.ts';
import { ElementScanner, leaveOut, takeBack, valueEnd } from './elements.ts';
import { salvage } from './salvage/salvage.ts';
import type { Bytes } from './file.ts';
import { sha256 } from '../../system/random.ts';
import type { StoredElement } from '../results.ts';
import { sameElement } from '../sameUsage.ts';

const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const OUR_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The content of one version of the ledger: a row in the table for each readable record, with the offset of its bytes as
 * locator. Grows with appended elements; any other change requires a new index.
 */
export class LedgerIndex {
  readonly table = new UsageTable();
  readonly #ledger: number;
  /** Number of elements of the array, readable or not. */
  elements = 0;
  /** End of the last intact element; the position after `[` when there is none; 0 when there is no array. */
  contentEnd = 0;
  /** Elements before this position were assumed intact and not read: see {@link assume}. */
  #unread = 0;
  readonly unreadable: SkippedElement[] = [];
  readonly duplicates: SkippedElement[] = [];
  damage: Damage | undefined;
  #bytes: Bytes = { buffer: Buffer.alloc(0), length: 0 };
  /** Records that are only in a journal, by their (negative) locator, and the reverse. */
  readonly #waiting = new Map<number, StoredElement>();
  readonly #waitingIds = new Map<string, number>();
  #nextWaiting = -1;
  #excluded: ReadonlySet<string> = new Set();

  readonly #records = {
    members: [...NAME_FIELDS, 'timestamp'],
    accept: (start: number, end: number): boolean => this.#isRecord(start, end),
  };

  constructor(label: string) {
    this.#ledger = this.table.addLedger(label);
  }

  /** A new index for a version that does not continue this one. It shows the records waiting in journals from the start. */
  successor(label: string): LedgerIndex {
    const next = new LedgerIndex(label);
    next.#excluded = this.#excluded;
    next.setWaiting(new Map([...this.#waiting.values()].map((element) => [element.record.usage_id, element])));
    return next;
  }

  /**
   * Assumes that this many elements before `end` are intact, without reading them. The index can then be used for appending to
   * the ledger and for {@link has}; it knows only the content after `end`.
   */
  assume(elements: number, end: number): void {
    this.elements = elements;
    this.contentEnd = end;
    this.#unread = end;
  }

  /** Whether there are elements that were not read. */
  get isPartial(): boolean {
    return this.#unread > 0;
  }

  /** Whether the file itself contains the record. */
  has(usageId: string): boolean {
    if (this.#unread > 0 && (!this.table.has(this.#ledger, usageId) || this.#waitingIds.has(usageId))) {
      // Ids that we generate are written without escapes, so an id that does not occur in the text is not in the file.
      const { buffer } = this.#bytes;
      if (OUR_ID.test(usageId) && !buffer.subarray(0, this.#unread).includes(usageId)) return false;
      this.#readAll();
    }
    return this.table.has(this.#ledger, usageId) && !this.#waitingIds.has(usageId);
  }

  get records(): number {
    return this.table.count(this.#ledger);
  }

  /** Whether there is an array that can be appended to. */
  get intact(): boolean {
    return this.damage === undefined && this.contentEnd > 0;
  }

  /** Whether reading can resume after the known elements when the file grows, despite any damage. */
  get resumable(): boolean {
    return this.damage === undefined;
  }

  /** Reads the elements after the known ones in `bytes`, in slices. For a missing file pass zero bytes with `missing`. */
  async extend(bytes: Bytes, missing: boolean): Promise<void> {
    this.#bytes = bytes;
    if (missing) return;
    const scanner = new ElementScanner(bytes.buffer, bytes.length, this.elements === 0 ? undefined : this.contentEnd);
    const slice = slicer();
    while (scanner.next()) {
      if (!this.#element(scanner.start, scanner.end)) {
        scanner.damage = {
          code: 'not-json',
          message: 'an element is not valid JSON',
          offset: scanner.start,
        };
        break;
      }
      this.elements++;
      this.contentEnd = scanner.end;
      if ((this.elements & 63) === 0) await slice();
    }
    this.damage = scanner.damage;
    if (this.damage === undefined) {
      if (this.elements === 0) this.contentEnd = scanner.end;
      return;
    }
    // A stray quote turns the following bytes into a string, including the start of the next record.
    const last = this.unreadable.at(-1);
    const start = last?.run?.lastStart ?? last?.start;
    if (start !== undefined && last?.end === this.contentEnd && bytes.buffer[start] === QUOTE) {
      takeBack(this.unreadable);
      this.elements--;
      this.contentEnd = start;
    }
    const from = this.elements === 0 ? 0 : this.contentEnd;
    for (const range of salvage(bytes.buffer, from, bytes.length, this.#records)) {
      if (range) this.#element(range.start, range.end);
      await slice();
    }
  }

  /**
   * The ids and bytes of records inside an element that is not a record: an array as left by merges of two ledgers and by
   * `jq -s`, or an object around an array. They are not counted until a repair turns them into elements.
   */
  async nestedIn({ start, end }: SkippedElement): Promise<FoundRecord[]> {
    const { buffer } = this.#bytes;
    if (buffer[start] !== OPEN_ARRAY && buffer[start] !== OPEN_OBJECT) return [];
    const found: FoundRecord[] = [];
    const slice = slicer();
    for (const range of salvage(buffer, start, end, this.#records)) {
      // As an element such a record could not be read either.
      if (range && isUtf8(buffer.subarray(range.start, range.end))) {
        const value = JSON.parse(buffer.toString('utf8', range.start, range.end)) as { usage_id?: string };
        found.push({ usageId: value.usage_id ?? this.#inventId(range.start, range.end), ...range });
      }
      await slice();
    }
    return found;
  }

  /** All records in these bytes by id: the elements that count, and records inside other elements. */
  async everyRecord(): Promise<FoundRecord[]> {
    const found = [...this.ids].flatMap((usageId) => {
      const range = this.rawAt(this.locatorOf(usageId)!);
      return range ? [{ usageId, start: range.start, end: range.end }] : [];
    });
    for (const odd of this.unreadable) found.push(...(await this.nestedIn(odd)));
    return found;
  }

  /** Reads the skipped elements synchronously: the processes that need this have nothing else to do. */
  #readAll(): void {
    const scanner = new ElementScanner(this.#bytes.buffer, this.#unread);
    this.#unread = 0;
    while (scanner.next()) this.#element(scanner.start, scanner.end);
  }

  /** The record at a locator returned by the table. */
  recordAt(locator: number): UsageRecord {
    const waiting = this.waitingAt(locator);
    if (waiting) return waiting.record;
    const end = valueEnd(this.#bytes.buffer, locator, this.#bytes.length);
    const read = readStored(JSON.parse(this.#bytes.buffer.toString('utf8', locator, end)), () =>
      this.#inventId(locator, end),
    );
    if (isUnreadable(read)) throw new Error(`no record at ${locator}`);
    return read;
  }

  /** An element that is only in a journal; undefined for a locator in the file. */
  waitingAt(locator: number): StoredElement | undefined {
    return this.#waiting.get(locator);
  }

  /** The raw text of the element at a locator. */
  rawAt(locator: number): { start: number; end: number; text: string } | undefined {
    if (locator < 0) return undefined;
    const end = valueEnd(this.#bytes.buffer, locator, this.#bytes.length);
    return { start: locator, end, text: this.#bytes.buffer.toString('utf8', locator, end) };
  }

  locatorOf(usageId: string): number | undefined {
    return this.table.locate(this.#ledger, usageId);
  }

  get ids(): Iterable<string> {
    return this.table.ids(this.#ledger);
  }

  /** Shows exactly these elements in addition to those in the file: they are durable in a journal but not in the file yet. */
  setWaiting(elements: ReadonlyMap<string, StoredElement>): boolean {
    let changed = false;
    for (const [id, locator] of this.#waitingIds) {
      if (elements.has(id)) continue;
      this.table.remove(this.#ledger, id);
      this.#waitingIds.delete(id);
      this.#waiting.delete(locator);
      changed = true;
    }
    for (const [id, element] of elements) {
      const locator = this.#nextWaiting;
      if (!this.#add(element.record, locator)) continue;
      this.#nextWaiting--;
      this.#waiting.set(locator, element);
      this.#waitingIds.set(id, locator);
      changed = true;
    }
    return changed;
  }

  /** Number of records that are only in a journal. */
  get waiting(): number {
    return this.#waitingIds.size;
  }

  /** Excludes these records from all totals and pages, because another ledger of the same view counts them. */
  exclude(ids: ReadonlySet<string>): void {
    if (ids === this.#excluded) return;
    for (const id of this.#excluded) if (!ids.has(id)) this.table.hide(this.#ledger, id, false);
    for (const id of ids) if (!this.#excluded.has(id)) this.table.hide(this.#ledger, id, true);
    this.#excluded = ids;
  }

  #add(record: UsageRecord, locator: number): boolean {
    if (!this.table.add(this.#ledger, record, locator)) return false;
    if (this.#excluded.has(record.usage_id)) this.table.hide(this.#ledger, record.usage_id, true);
    return true;
  }

  #isRecord(start: number, end: number): boolean {
    const value = parse(this.#bytes.buffer.toString('utf8', start, end));
    return value !== undefined && !isUnreadable(readStored(value, () => 'none'));
  }

  /** Reads one element. @returns false if it is not valid JSON. */
  #element(start: number, end: number): boolean {
    const { buffer } = this.#bytes;
    const text = buffer.toString('utf8', start, end);
    const value = parse(text);
    if (value === undefined) return false;
    const read = readStored(value, () => this.#inventId(start, end));
    if (isUnreadable(read)) {
      leaveOut(this.unreadable, { start, end, reason: read.unreadable }, this.contentEnd);
      return true;
    }
    if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) {
      this.unreadable.push({ start, end, reason: 'invalid UTF-8 in it', usageId: read.usage_id });
      return true;
    }
    const waiting = this.#waitingIds.get(read.usage_id);
    if (waiting !== undefined) {
      // The record has arrived in the file: its row is replaced synchronously, so that no view sees it missing.
      this.table.remove(this.#ledger, read.usage_id);
      this.#waitingIds.delete(read.usage_id);
      this.#waiting.delete(waiting);
    }
    if (!this.#add(read, start)) {
      const first = this.rawAt(this.locatorOf(read.usage_id) ?? -1);
      const same = first !== undefined && sameElement(first.text, text, read.usage_id);
      this.duplicates.push({ start, end, reason: same ? 'same' : 'differs', usageId: read.usage_id });
    }
    return true;
  }

  /** Old versions of inkwell wrote no ids: derive one from the bytes, so that it is the same each time the file is read. */
  #inventId(start: number, end: number): string {
    const digest = sha256(this.#bytes.buffer.subarray(start, end)).slice(0, 24);
    let id = `without-id-${digest}`;
    for (let n = 2; ; n++) {
      const taken = this.locatorOf(id);
      if (taken === undefined || taken === start) return id;
      id = `without-id-${digest}-${n}`;
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
