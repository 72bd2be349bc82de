import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { LedgerState, UsageInput } from '../../../../src/library/index.ts';

/** What a recovery did not find is said until a person has decided. */

const call = (id: string): UsageInput => ({
  usage_id: id,
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: 1,
  note: 'a note that makes the record long enough',
  timestamp: '2026-11-01T00:00:00Z',
});

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-incomplete-'));
  file = join(folder, 'costs.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run<T>(work: (ledger: CostTracker) => Promise<T>): Promise<T> {
  const ledger = new CostTracker({ ledger: file, pricing: false });
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}
const record = (...ids: string[]) => run((ledger) => ledger.trackAll(ids.map(call)));
const state = (): Promise<LedgerState> => run((ledger) => ledger.refresh());
const incomplete = async (): Promise<string[]> =>
  (await state()).problems.flatMap(({ code, message }) => (code === 'incomplete' ? [message] : []));

it('says which records of a damaged ledger could not be read, until a repair', async () => {
  await record('a', 'b');
  await record('c', 'd');
  rmSync(`${file}.prev`, { force: true });
  // The record b is cut in its middle, and a and its id are overwritten.
  const text = readFileSync(file, 'utf8');
  const b = text.indexOf('"b"');
  writeFileSync(file, `${text.slice(0, 3)}${'\0'.repeat(80)}${text.slice(83, b + 3)},"provider":${text.slice(b + 60)}`);
  await record('e');
  const [message] = await incomplete();
  expect(message).toMatch(/^costs\.json was damaged and was recovered on .*: 1 of its records could not be read \(b\)/);
  expect(message).toContain('kept in costs.json.corrupt.');
  expect(message).toContain('"llm-spend repair"');
  expect((await state()).health).toBe('damaged');
  // It stays, whatever is recorded after that, and whoever looks.
  await record('f');
  expect(await incomplete()).toEqual([message]);
  const verified = await run((ledger) => ledger.verify());
  expect(verified.problems).toContainEqual(expect.objectContaining({ code: 'incomplete', severity: 'error' }));
  expect(verified.files.map(({ role }) => role)).toContain('incomplete');
  expect((await run((ledger) => ledger.repair({ dryRun: true }))).actions).not.toEqual([]);
  expect(await incomplete()).toEqual([message]);
  await run((ledger) => ledger.repair());
  expect(await incomplete()).toEqual([]);
  expect((await state()).health).toBe('ok');
  expect(readdirSync(folder)).not.toContain('costs.json.incomplete');
});

it('says how many bytes could not be read where no record can be told', async () => {
  await record('a', 'b', 'c');
  rmSync(`${file}.prev`, { force: true });
  const bytes = readFileSync(file);
  bytes.fill(0, 0, bytes.indexOf('"c"') - 20);
  writeFileSync(file, bytes);
  await record('d');
  expect((await incomplete())[0]).toMatch(/\d+ of its bytes could not be read/);
});

it('says that a ledger which is gone came back from a backup', async () => {
  await record('a');
  await record('b');
  rmSync(file);
  await record('c');
  const [message] = await incomplete();
  expect(message).toMatch(/^costs\.json was gone and was restored from its backups on .* \(costs\.json\.prev: 1\)/);
});

it('says nothing where all that is missing is in a backup, was removed, or is no record', async () => {
  await record('a', 'b');
  await run((ledger) => ledger.remove(['b']));
  await record('c');
  await record('d');
  const text = readFileSync(file, 'utf8');
  // Without the closing bracket, with marks of a merge, and with the removed record cut in its middle.
  writeFileSync(file, `<<<<<<< HEAD\n${text.slice(0, -2)},\n{"usage_id":"b","provider":`);
  await record('e');
  expect(await incomplete()).toEqual([]);
  expect((await state()).health).toBe('ok');
  expect(readdirSync(folder)).not.toContain('costs.json.incomplete');
});

it('does not say that the kept file may be deleted while it names a record that is nowhere', async () => {
  await record('a', 'b');
  rmSync(`${file}.prev`, { force: true });
  // As Python writes a number that JSON does not have.
  writeFileSync(file, readFileSync(file, 'utf8').replace('"cost_usd":1', '"cost_usd":NaN'));
  await run((ledger) => ledger.repair());
  const kept = async (): Promise<string[]> =>
    (await run((ledger) => ledger.verify())).problems.flatMap(({ code, message }) =>
      code === 'kept-aside' ? [message] : [],
    );
  expect(await kept()).toEqual([
    expect.stringMatching(/^costs\.json\.corrupt\.\S+ keeps .* Parts of it that are not records exist nowhere else\.$/),
  ]);
  await record('a');
  expect(await kept()).toEqual([expect.stringContaining('Each of its records, by usage_id, is in the ledger')]);
});
