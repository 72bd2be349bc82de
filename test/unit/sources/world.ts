import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openLedger } from '../../../src/library/index.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { importSource } from '../../../src/sources/import/import.ts';
import type { ImportOptions, ImportReport } from '../../../src/sources/import/options.ts';
import type { Source } from '../../../src/sources/source.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';

export const NOW = Date.parse('2026-11-23T12:00:00Z');

/** A home folder with logs, and a ledger beside it. */
export class World {
  readonly home = mkdtempSync(join(tmpdir(), 'llm-spend-import-'));
  readonly #ledgers: Ledger[] = [];

  file(path: string, content: string | Buffer = ''): string {
    const file = join(this.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  ledger(name = 'imported.json', noteAdditions?: 'together'): Ledger {
    const ledger = openLedger({ ledger: join(this.home, name), pricing: false, now: () => NOW, noteAdditions });
    this.#ledgers.push(ledger);
    return ledger;
  }

  places(source: Source): string[] {
    return source.locate({ platform: 'linux', env: {}, home: this.home });
  }

  /** Imports like a separate process: with a ledger object that knows nothing of earlier ones. */
  async import(
    source: Source,
    options: Partial<ImportOptions> & { name?: string; places?: string[] } = {},
  ): Promise<ImportReport> {
    const { name, places, ...rest } = options;
    const ledger = this.ledger(name);
    try {
      return await importSource(source, places ?? this.places(source), {
        path: ledger.path,
        ledger: async () => ledger,
        pricer: async () => undefined,
        now: () => NOW,
        ...rest,
      });
    } finally {
      await ledger.close();
    }
  }

  /** Imports like a command that the user runs once, which undo covers. */
  async importOnce(source: Source): Promise<{ undoableAt: string | undefined }> {
    const ledger = this.ledger('imported.json', 'together');
    await this.import(source, { ledger: async () => ledger });
    const undoableAt = await ledger.noteImport();
    await ledger.close();
    return { undoableAt };
  }

  /** The contents of the ledger, in a fixed order. */
  async records(name?: string): Promise<UsageRecord[]> {
    const ledger = this.ledger(name);
    const records = await ledger.read();
    await ledger.close();
    return records.sort((a, b) => (a.usage_id < b.usage_id ? -1 : 1));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#ledgers.map((ledger) => ledger.close()));
    rmSync(this.home, { recursive: true, force: true });
  }
}

export function jsonLines(...values: object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
