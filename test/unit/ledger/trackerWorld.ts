import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { ownerText, thisOwner } from '../../../src/system/owner.ts';
import { expect } from 'vitest';
import { fastFolder } from '../../fixtures/fastFolder.mts';
import type { UndoResult } from '../../../src/ledger/results.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import type { UsageInput } from '../../../src/usage/record.ts';

/** A process of ours that can die: from a certain disk access on, none of its calls returns. */
class Mortal {
  readonly tracker: CostTracker;
  /** The names that it created, whose owner has died with it. */
  readonly names = new Set<string>();
  readonly died: Promise<void>;
  #die!: () => void;
  #left = Infinity;

  constructor(ledger: string) {
    this.died = new Promise((resolve) => (this.#die = resolve));
    this.tracker = new CostTracker({ ledger, disk: this.#disk() });
  }

  dieAfter(calls: number): void {
    this.#left = calls;
  }

  #disk(): Disk {
    return new Proxy(nodeDisk, {
      get: (disk, name: keyof Disk) => {
        const call = disk[name] as boolean | ((...args: unknown[]) => unknown);
        if (typeof call !== 'function') return call;
        return (...args: unknown[]): unknown => {
          if (this.#left <= 0) {
            this.#die();
            if (name.endsWith('Sync')) throw new Error('this process is dead');
            return new Promise(() => undefined);
          }
          this.#left--;
          if (name === 'open' && String(args[1]).startsWith('wx')) this.names.add(basename(String(args[0])));
          if (name === 'rename') this.names.add(basename(String(args[1])));
          return call(...args);
        };
      },
    });
  }
}

interface Held {
  /** Nano-dollars of each record, by its id. */
  records: Map<string, bigint>;
  /** The bytes of elements that are not records. */
  odd: string[];
}

/** A folder with a ledger, two processes of ours, other writers, and the expected result. */
export class TrackerWorld {
  readonly folder: string;
  readonly ledger: string;
  readonly #processes: Mortal[];
  /** Records that must be there. */
  sure: Held = { records: new Map(), odd: [] };
  /** Records cut off by a crash or damage: they may be there or not. */
  readonly maybe = new Map<string, bigint>();
  readonly #removals: Held[] = [];
  #ids = 0;

  constructor() {
    // In memory if possible: whether fsync works is not tested here.
    this.folder = mkdtempSync(join(fastFolder(), 'llm-spend-property-'));
    this.ledger = join(this.folder, 'costs.json');
    this.#processes = [new Mortal(this.ledger), new Mortal(this.ledger)];
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#processes.map(({ tracker }) => tracker.close()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  process(who: number): CostTracker {
    return this.#processes[who]!.tracker;
  }

  async record(who: number, costs: readonly number[]): Promise<void> {
    const usages = costs.map((milli) => this.#usage(milli));
    const recorded = await this.process(who).trackAll(usages);
    for (const { usage_id: id, cost_usd: cost } of recorded) this.sure.records.set(id, nanos(cost));
  }

  /** Dies at some disk access while recording. Acknowledged records must be there, others may be. */
  async crash(who: number, costs: readonly number[], calls: number): Promise<void> {
    const process = this.#processes[who]!;
    process.dieAfter(calls);
    const answers = costs.map(async (milli) => {
      const usage = this.#usage(milli);
      this.maybe.set(usage.usage_id!, nanos(usage.cost_usd!));
      try {
        await process.tracker.track(usage);
      } catch {
        return;
      }
      this.maybe.delete(usage.usage_id!);
      this.sure.records.set(usage.usage_id!, nanos(usage.cost_usd!));
    });
    await Promise.race([Promise.all(answers), process.died]);
    process.dieAfter(0);
    this.#processes[who] = new Mortal(this.ledger);
    const dead = ownerText({ ...thisOwner(), pid: 999_999_999 });
    for (const name of readdirSync(this.folder)) {
      if (!process.names.has(name)) continue;
      renameSync(join(this.folder, name), join(this.folder, name.replace(ownerText(thisOwner()), dead)));
    }
    rmSync(`${this.ledger}.lock`, { recursive: true, force: true });
  }

  async remove(who: number, picks: readonly number[]): Promise<{ removed: string[]; expected: string[] }> {
    const ids = [...this.sure.records.keys()];
    const wanted = [...new Set(ids.length === 0 ? [] : picks.map((pick) => ids[pick % ids.length]!))];
    const { removed, missing } = await this.process(who).remove([...wanted, 'never-there']);
    const taken = new Map<string, bigint>();
    for (const id of wanted) {
      taken.set(id, this.sure.records.get(id)!);
      this.sure.records.delete(id);
    }
    if (taken.size > 0) this.#removals.push({ records: taken, odd: [] });
    return {
      removed: [...removed.map((record) => record.usage_id), ...missing].sort(),
      expected: [...wanted, 'never-there'].sort(),
    };
  }

  async clear(who: number): Promise<void> {
    const { removed } = await this.process(who).clear();
    if (removed === 0) return;
    // Records that may or may not have been there may be in the file kept by the clear.
    this.#removals.push(this.sure);
    this.sure = { records: new Map(), odd: [] };
  }

  async undo(who: number): Promise<{ undone: boolean; expected: boolean }> {
    const result = await this.#undoAsCommand(who);
    const last = this.#removals.pop();
    for (const [id, cost] of last?.records ?? []) this.sure.records.set(id, cost);
    this.sure.odd.push(...(last?.odd ?? []));
    return { undone: result !== undefined, expected: last !== undefined };
  }

  /** A process that has added nothing undoes only changes kept by the store. */
  async #undoAsCommand(who: number): Promise<UndoResult | undefined> {
    expect(await this.process(who).flush(120_000)).toBe(true);
    const command = new CostTracker({ ledger: this.ledger });
    try {
      return await command.undo();
    } finally {
      await command.close();
    }
  }

  /** Like inkwell: serialises the whole file again with one more record, through a temporary file and a rename. */
  foreignSave(indent: number, milli: number): void {
    const there = this.#parsed();
    if (!there) return;
    const usage = this.#usage(milli);
    const record = { ...usage, input_tokens: 0, output_tokens: 0, timestamp: '2026-01-31T09:30:00.123456Z' };
    this.#replace(JSON.stringify([...there, record], null, indent));
    this.sure.records.set(usage.usage_id!, nanos(usage.cost_usd!));
    // With its own formatting: byte-exact expectations are possible only for an unindented file.
    this.sure.odd = indent > 0 ? [] : this.sure.odd.map((text) => JSON.stringify(JSON.parse(text)));
  }

  /** Another program adds an element that is not a record, leaving everything else unchanged. */
  foreignOddity(text: string): void {
    const there = this.#parsed();
    if (!there) return;
    const before = readFileSync(this.ledger, 'utf8').trimEnd().slice(0, -1).trimEnd();
    this.#replace(`${before}${there.length === 0 ? '' : ' ,'}\t${text}\r\n ]\n`);
    this.sure.odd.push(text);
  }

  /** Damages the file. @returns whether there was one. */
  damage(kind: 'cut' | 'flip' | 'mark' | 'delete' | 'twice', where: number): Buffer | undefined {
    if (!existsSync(this.ledger)) return undefined;
    const bytes = readFileSync(this.ledger);
    const at = bytes.length === 0 ? 0 : where % bytes.length;
    let after = Buffer.from(bytes);
    if (kind === 'cut') after = after.subarray(0, at);
    if (kind === 'flip' && after.length > 0) after[at]! ^= 1 << (where % 7);
    if (kind === 'mark') after = Buffer.concat([Buffer.from('\ufeff'), after]);
    if (kind === 'twice') after = Buffer.concat([after, after]);
    if (kind === 'delete') rmSync(this.ledger);
    else this.#replace(after);
    // A record whose bytes are lost may be restored from a backup or not; a flipped bit may alter it.
    const text = kind === 'delete' ? '' : after.toString('latin1');
    for (const [id, cost] of this.sure.records) {
      if (this.#waits(id)) continue;
      if (
        kind === 'mark' ||
        kind === 'twice' ||
        (kind === 'cut' && text.includes(`"${id}"`) && this.#isWhole(text, id))
      )
        continue;
      this.sure.records.delete(id);
      this.maybe.set(id, cost);
    }
    this.sure.odd = [];
    return kind === 'delete' ? undefined : after;
  }

  #waits(id: string): boolean {
    return readdirSync(this.folder)
      .filter((name) => name.endsWith('.journal'))
      .some((name) => readFileSync(join(this.folder, name), 'utf8').includes(`"${id}"`));
  }

  /** Whether the record's last field is there as well: see {@link #usage}. */
  #isWhole(text: string, id: string): boolean {
    return new RegExp(`"${id}"[^]*?"the end of ${id}"[^]*?\\}`).test(text);
  }

  #parsed(): unknown[] | undefined {
    try {
      const there: unknown = JSON.parse(readFileSync(this.ledger, 'utf8'));
      return Array.isArray(there) ? there : undefined;
    } catch {
      return undefined;
    }
  }

  #replace(content: string | Buffer): void {
    const temporary = join(this.folder, '.tmp_costs_property.json');
    writeFileSync(temporary, content);
    renameSync(temporary, this.ledger);
  }

  #usage(milli: number): UsageInput {
    // No two of them differ by a single bit.
    const number = ++this.#ids;
    const id = `id-${number}-${number * 7919}`;
    return {
      usage_id: id,
      provider: 'claude',
      model: 'm',
      operation: 'extraction',
      cost_usd: milli / 1000,
      timestamp: '2026-02-03T04:05:06Z',
      'field of tomorrow': { kept: [milli], also: 'é\u2028' },
      'the last field': `the end of ${id}`,
    };
  }
}

export function nanos(cost: number): bigint {
  return BigInt(Math.round(cost * 1e9));
}
