import { DatabaseSync } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
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
