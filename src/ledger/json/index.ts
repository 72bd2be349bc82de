import { nextTurn } from '../../system/turns.ts';
import { isUtf8 } from 'node:buffer';
import type { UsageRecord } from '../../usage/record.ts';
import { isUnreadable, readStored } from '../../usage/stored.ts';
import { UsageTable } from '../../columns/table.ts';
import type { Damage } from './elements.ts';
import { ElementScanner, lineOf, valueEnd } from './elements.ts';
import { salvage } from './salvage.ts';
import type { Bytes } from './file.ts';
import { sha256 } from '../../system/random.ts';
import type { Problem } from '../results.ts';

/** How long one slice of parsing may keep the event loop, in ms. The editor's own rule is 50. */
const SLICE_MS = 8;
/** Each problem is counted; only so many are described. */
const MAX_DESCRIBED = 100;
const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const OUR_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** A range of the file's bytes that is no usage record, or a second record with an id that is taken. */
export interface Oddity {
  start: number;
  end: number;
  reason: string;
  usageId?: string;
}

/** A record by its id, and its bytes. */
export interface FoundRecord {
  usageId: string;
  start: number;
  end: number;
}

/**
 * What one version of the ledger holds: a row in the table for each readable record, found again by the offset of its
 * bytes. Grows with appended elements; any other change makes a new index.
 */
export class LedgerIndex {
  readonly table = new UsageTable();
  readonly #ledger: number;
  /** Elements of the array, readable or not. */
  elements = 0;
  /** Where the last sound element ended; the place behind `[` when there is none; 0 when there is no array. */
  contentEnd = 0;
  /** Elements before this place were taken for sound and not read: see {@link assume}. */
  #unread = 0;
  readonly unreadable: Oddity[] = [];
  readonly duplicates: Oddity[] = [];
  damage: Damage | undefined;
  #bytes: Bytes = { buffer: Buffer.alloc(0), length: 0 };
  /** Rows that stand in a journal only, by their (negative) locator, and the other way round. */
  readonly #waiting = new Map<number, UsageRecord>();
  readonly #waitingIds = new Map<string, number>();
  #nextWaiting = -1;
  #excluded: ReadonlySet<string> = new Set();

  constructor(label: string) {
    this.#ledger = this.table.addLedger(label);
  }

  /** A new index for a version that does not continue this one. What waits in journals is shown in it from the start. */
  successor(label: string): LedgerIndex {
    const next = new LedgerIndex(label);
    next.#excluded = this.#excluded;
    next.setWaiting(new Map([...this.#waiting.values()].map((record) => [record.usage_id, record])));
    return next;
  }

  /**
   * Takes so many elements before `end` for sound without reading them. Then the index serves to append to the ledger and
   * to answer {@link has}; of its contents it knows what follows.
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

  /** Whether the file itself has the record. */
  has(usageId: string): boolean {
    if (this.#unread > 0 && (!this.table.has(this.#ledger, usageId) || this.#waitingIds.has(usageId))) {
      // Ids that we make are written as they are, so that one which stands nowhere in the text is not there.
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

  /** Whether the damage leaves rows in the table that a later look at the same prefix could not continue from. */
  get resumable(): boolean {
    return this.damage === undefined;
  }

  /** Reads what follows the known elements in `bytes`, in slices. Missing file: give zero bytes with `missing`. */
  async extend(bytes: Bytes, missing: boolean): Promise<void> {
    this.#bytes = bytes;
    if (missing) return;
    const scanner = new ElementScanner(bytes.buffer, bytes.length, this.elements === 0 ? undefined : this.contentEnd);
    let until = performance.now() + SLICE_MS;
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
      if ((this.elements & 63) === 0 && performance.now() > until) {
        await nextTurn();
        until = performance.now() + SLICE_MS;
      }
    }
    this.damage = scanner.damage;
    if (this.damage === undefined) {
      if (this.elements === 0) this.contentEnd = scanner.end;
      return;
    }
    // A quote that does not belong there makes a text of what follows it, the start of the next record included.
    const last = this.unreadable.at(-1);
    if (last?.end === this.contentEnd && bytes.buffer[last.start] === QUOTE) {
      this.unreadable.pop();
      this.elements--;
      this.contentEnd = last.start;
    }
    const from = this.elements === 0 ? 0 : this.contentEnd;
    for (const range of salvage(bytes.buffer, from, bytes.length, (start, end) => this.#isRecord(start, end))) {
      if (range) this.#element(range.start, range.end);
      if (performance.now() > until) {
        await nextTurn();
        until = performance.now() + SLICE_MS;
      }
    }
  }

  /**
   * The records inside an element that is an array, as merges of two ledgers and `jq -s` leave them: their ids and bytes.
   * They count nowhere until a repair makes elements of them.
   */
  async nestedIn({ start, end }: Oddity): Promise<FoundRecord[]> {
    const { buffer } = this.#bytes;
    if (buffer[start] !== OPEN_ARRAY) return [];
    const found: FoundRecord[] = [];
    let until = performance.now() + SLICE_MS;
    for (const range of salvage(buffer, start, end, (from, to) => this.#isRecord(from, to))) {
      if (range) {
        const value = JSON.parse(buffer.toString('utf8', range.start, range.end)) as { usage_id?: string };
        found.push({ usageId: value.usage_id ?? this.#inventId(range.start, range.end), ...range });
      }
      if (performance.now() > until) {
        await nextTurn();
        until = performance.now() + SLICE_MS;
      }
    }
    return found;
  }

  /** Every record in these bytes by its id: the elements that count, and those inside of elements that are arrays. */
  async everyRecord(): Promise<FoundRecord[]> {
    const found = [...this.ids].flatMap((usageId) => {
      const range = this.rawAt(this.locatorOf(usageId)!);
      return range ? [{ usageId, start: range.start, end: range.end }] : [];
    });
    for (const odd of this.unreadable) found.push(...(await this.nestedIn(odd)));
    return found;
  }

  /** Reads what was left out, at once: it is asked for in a process that has nothing else to do. */
  #readAll(): void {
    const scanner = new ElementScanner(this.#bytes.buffer, this.#unread);
    this.#unread = 0;
    while (scanner.next()) this.#element(scanner.start, scanner.end);
  }

  /** The record at a locator that the table gave. */
  recordAt(locator: number): UsageRecord {
    const waiting = this.#waiting.get(locator);
    if (waiting) return waiting;
    const end = valueEnd(this.#bytes.buffer, locator, this.#bytes.length);
    const read = readStored(JSON.parse(this.#bytes.buffer.toString('utf8', locator, end)), () =>
      this.#inventId(locator, end),
    );
    if (isUnreadable(read)) throw new Error(`no record at ${locator}`);
    return read;
  }

  /** The raw bytes of the element at a locator, as text. */
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

  /** Shows exactly these records beside those of the file: durable in a journal, not in the file yet. */
  setWaiting(records: ReadonlyMap<string, UsageRecord>): boolean {
    let changed = false;
    for (const [id, locator] of this.#waitingIds) {
      if (records.has(id)) continue;
      this.table.remove(this.#ledger, id);
      this.#waitingIds.delete(id);
      this.#waiting.delete(locator);
      changed = true;
    }
    for (const [id, record] of records) {
      const locator = this.#nextWaiting;
      if (!this.#add(record, locator)) continue;
      this.#nextWaiting--;
      this.#waiting.set(locator, record);
      this.#waitingIds.set(id, locator);
      changed = true;
    }
    return changed;
  }

  /** How many rows stand in a journal only. */
  get waiting(): number {
    return this.#waitingIds.size;
  }

  /** What is wrong with this version, in words. */
  problems(): Problem[] {
    const { buffer } = this.#bytes;
    const problems: Problem[] = [];
    if (this.damage) {
      const { code, message, offset } = this.damage;
      problems.push({ code, severity: 'error', message, offset, line: lineOf(buffer, offset) });
    }
    for (const odd of this.unreadable.slice(0, MAX_DESCRIBED)) {
      const line = lineOf(buffer, odd.start);
      problems.push({
        code: odd.reason.startsWith('invalid UTF-8') ? 'invalid-utf8' : 'unreadable-element',
        severity: 'error',
        message: `the element on line ${line} is not counted: ${odd.reason}`,
        offset: odd.start,
        line,
      });
    }
    for (const odd of this.duplicates.slice(0, MAX_DESCRIBED)) {
      const line = lineOf(buffer, odd.start);
      problems.push({
        code: 'duplicate-id',
        severity: odd.reason === 'same' ? 'warning' : 'error',
        message:
          odd.reason === 'same'
            ? `the element on line ${line} stands in the ledger twice and is counted once`
            : `the element on line ${line} has the usage_id of another record and is not counted`,
        offset: odd.start,
        line,
        ...(odd.usageId === undefined ? {} : { usageId: odd.usageId }),
      });
    }
    return problems;
  }

  /** Leaves these records out of every total and page, because another ledger of the same view counts them. */
  exclude(ids: ReadonlySet<string>): void {
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

  /** Takes one element in. false: it is not even JSON. */
  #element(start: number, end: number): boolean {
    const { buffer } = this.#bytes;
    const text = buffer.toString('utf8', start, end);
    const value = parse(text);
    if (value === undefined) return false;
    const read = readStored(value, () => this.#inventId(start, end));
    if (isUnreadable(read)) {
      this.unreadable.push({ start, end, reason: read.unreadable });
      return true;
    }
    if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) {
      this.unreadable.push({ start, end, reason: 'invalid UTF-8 in it', usageId: read.usage_id });
      return true;
    }
    const waiting = this.#waitingIds.get(read.usage_id);
    if (waiting !== undefined) {
      // It has arrived in the file: the row moves there, in one turn, so that no view sees it missing.
      this.table.remove(this.#ledger, read.usage_id);
      this.#waitingIds.delete(read.usage_id);
      this.#waiting.delete(waiting);
    }
    if (!this.#add(read, start)) {
      const first = this.rawAt(this.locatorOf(read.usage_id) ?? -1);
      const same = first !== undefined && sameElement(first.text, text);
      this.duplicates.push({ start, end, reason: same ? 'same' : 'differs', usageId: read.usage_id });
    }
    return true;
  }

  /** Old versions of inkwell wrote no ids: one is derived from the bytes, so that it is the same at every reading. */
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

function sameElement(a: string, b: string): boolean {
  return a === b || JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
}
