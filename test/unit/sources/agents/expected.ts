import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { mkdirSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Source } from '../../../../src/sources/source.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import type { World } from '../world.ts';

/** The parts of a record checked by the tests of agents: counts as `input(read,written)/output(reasoning)`. */
export function summaryOf(record: UsageRecord): string {
  const cached = `(${record.cache_read_tokens ?? 0},${record.cache_write_tokens ?? 0})`;
  const output = `${record.output_tokens}(${record.reasoning_tokens ?? 0})`;
  const where = [record.project ?? '-', record.session_id ?? '-'].join('/');
  return `${record.timestamp} ${record.provider} ${record.model} ${record.input_tokens}${cached} ${output} ${where}`;
}

/** Imports a source's findings in a home folder twice, and returns the contents of the ledger. */
export async function imported(world: World, source: Source, env: Record<string, string> = {}): Promise<UsageRecord[]> {
  const places = source.locate({ platform: 'linux', env, home: world.home });
  await world.import(source, { places });
  const again = await world.import(source, { places });
  if (again.added + again.updated > 0)
    throw new Error(`a second import changed ${again.added + again.updated} records`);
  return (await world.records()).sort((a, b) => (summaryOf(a) < summaryOf(b) ? -1 : 1));
}

/** A database as left by another program. Tables contain objects. */
export function database(
  world: World,
  path: string,
  ...statements: (string | [string, Record<string, unknown>])[]
): string {
  const file = join(world.home, path);
  mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file);
  for (const statement of statements) {
    if (typeof statement === 'string') db.exec(statement);
    else {
      const [table, row] = statement;
      const names = Object.keys(row);
      const sql = `INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})`;
      db.prepare(sql).run(...(Object.values(row) as (string | number | null | Uint8Array)[]));
    }
  }
  db.close();
  return file;
}

/** When {@link told} last wrote a file. */
export const WRITTEN = '2026-11-19T09:00:00.000Z';

/**
 * Imports a source's findings in files of these contents, written at {@link WRITTEN}. Skips are `reason line detail`, with `-` for
 * parts that are not known. Each record that is found is of the agent, by its log.
 */
export async function told(
  world: World,
  source: Source,
  files: Readonly<Record<string, string>>,
): Promise<{ records: UsageRecord[]; summaries: string[]; skips: string[] }> {
  for (const [path, content] of Object.entries(files)) {
    const written = Date.parse(WRITTEN) / 1000;
    utimesSync(world.file(path, content), written, written);
  }
  const { skips } = await world.import(source);
  const records = (await world.records()).sort((a, b) => (summaryOf(a) < summaryOf(b) ? -1 : 1));
  return {
    records,
    summaries: records.map(summaryOf),
    skips: skips.map(({ reason, line, detail }) => `${reason} ${line ?? '-'} ${detail ?? '-'}`),
  };
}

/** The id of a usage by RFC 9562: version 5 of a name below our namespace, which must never change. */
export function idOf(source: string, ...parts: readonly (string | number | undefined)[]): string {
  const name = source + parts.map((part) => (part === undefined ? '\0' : `\0=${part}`)).join('');
  const hash = createHash('sha1').update(Buffer.from('6a1f0f0e8d3b4c559a7be2c4d1f0a937', 'hex')).update(name).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
