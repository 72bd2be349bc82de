import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { type Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { JSON_KINDS, type JsonKind } from '../../../fixtures/jsonKinds.ts';

/** Ledgers: JSON as the engine judges it. Whatever stands in the file, nothing of it is lost, and nothing that is recorded. */

/** Nothing here is about a power cut, and an fsync takes longer than everything else. */
const disk: Disk = { ...nodeDisk, durableWrites: true, fsync: () => Promise.resolve() };

const USAGE = { provider: 'p', model: 'm', operation: 'o', cost_usd: 1 };
const element = (id: string, x = 'null'): string =>
  `{"usage_id":"${id}","x":${x},"provider":"p","model":"m","operation":"o","cost_usd":1,"timestamp":"2026-01-01T00:00:00Z"}`;
/** There is nothing to lose in an empty array, whole or cut off. */
const EMPTY = /^[\uFEFF\s\0]*(?:\[\s*\]?|\{\s*\}?)?[\s\0]*$/;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-kinds-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A ledger in a folder of its own. */
class Place {
  static #count = 0;
  readonly #folder = join(folder, String(Place.#count++));
  readonly #file = join(this.#folder, 'costs.json');

  constructor(content: Buffer) {
    mkdirSync(this.#folder);
    writeFileSync(this.#file, content);
  }

  /** Records one usage. @returns the error, if it is refused. */
  track(): Promise<unknown> {
    return this.#open(async (ledger) => {
      try {
        await ledger.track({ ...USAGE, usage_id: 'new' });
        await ledger.flush();
        return undefined;
      } catch (error) {
        return error;
      }
    });
  }

  ids(): Promise<string[]> {
    return this.#open(async (ledger) => (await ledger.read()).map(({ usage_id }) => usage_id));
  }

  content(): Buffer {
    return readFileSync(this.#file);
  }

  names(): string[] {
    return readdirSync(this.#folder);
  }

  keeps(bytes: Buffer): boolean {
    return this.names().some(
      (name) => !name.endsWith('.prev') && readFileSync(join(this.#folder, name)).includes(bytes),
    );
  }

  async #open<T>(use: (ledger: CostTracker) => Promise<T>): Promise<T> {
    const ledger = new CostTracker({ ledger: this.#file, pricing: false, disk });
    try {
      return await use(ledger);
    } finally {
      await ledger.close();
    }
  }
}

/** Many side by side: a damaged file is read again after a while, because another program may be writing it. */
async function forEachKind(check: (kind: JsonKind) => Promise<void>): Promise<void> {
  for (let at = 0; at < JSON_KINDS.length; at += 60) {
    await Promise.all(JSON_KINDS.slice(at, at + 60).map(check));
  }
}

describe('a ledger', () => {
  it('that is nothing but such a text is refused as it is, or kept', () =>
    forEachKind(async ({ name, bytes, parsed }) => {
      const place = new Place(bytes);
      const error = await place.track();
      if (error !== undefined) {
        expect(error, name).toMatchObject({ name: 'LedgerError', code: 'unsupported' });
        expect(place.content().equals(bytes), name).toBe(true);
        expect(place.names(), name).toEqual(['costs.json']);
        return;
      }
      expect(await place.ids(), name).toEqual(['new']);
      // Of an array the elements are kept, wherever they stand in it.
      if (parsed === undefined && !EMPTY.test(bytes.toString())) expect(place.keeps(bytes), name).toBe(true);
    }));

  it('with such a text in a record is sound exactly if that is JSON', () =>
    forEachKind(async ({ name, bytes, parsed }) => {
      const [before, after] = element('odd', '@').split('@') as [string, string];
      const odd = Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
      const place = new Place(
        Buffer.concat([Buffer.from(`[\n  ${element('a')},\n  `), odd, Buffer.from(`,\n  ${element('z')}\n]`)]),
      );
      expect(await place.track(), name).toBeUndefined();
      const ids = await place.ids();
      for (const id of ['a', 'z', 'new']) expect(ids, name).toContain(id);
      if (parsed === undefined) {
        expect(place.keeps(odd), name).toBe(true);
      } else {
        expect(ids, name).toEqual(['a', 'odd', 'z', 'new']);
        expect(place.content().includes(odd), name).toBe(true);
      }
    }));
});
