import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { LedgerState, UsageInput } from '../../../../src/library/index.ts';

/** What an automatic repair of a database did not find is said until a person has decided. */

const PAGE = 4096;
const call = (id: string): UsageInput => ({
  usage_id: id,
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: 1,
  note: 'x'.repeat(600),
  timestamp: '2026-11-01T00:00:00Z',
});
const ids = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `id-${from + i}`);

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-incomplete-'));
  file = join(folder, 'costs.db');
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
const record = (...names: string[]) => run((ledger) => ledger.trackAll(names.map(call)));
const state = (): Promise<LedgerState> => run((ledger) => ledger.refresh());
const incomplete = async (): Promise<string[]> =>
  (await state()).problems.flatMap(({ code, message }) => (code === 'incomplete' ? [message] : []));

function overwrite(at: number, bytes: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, new Uint8Array(bytes).fill(0xa5), 0, bytes, at);
  closeSync(fd);
}

/** The number of the page that holds the text of a record. */
function pageOf(id: string): number {
  return Math.floor(readFileSync(file).indexOf(`"usage_id":"${id}"`) / PAGE);
}

it('names the records of a page that could not be read, until a repair', async () => {
  await record(...ids(0, 200));
  rmSync(`${file}.prev`, { force: true });
  const page = pageOf('id-100');
  const there = new Set(ids(0, 200).filter((id) => pageOf(id) === page));
  // A write notices damage of the first page.
  overwrite(0, PAGE);
  overwrite(page * PAGE, PAGE);
  await record('later');
  const [message] = await incomplete();
  expect(message).toContain(`${there.size} of its records could not be read`);
  expect(message).toContain([...there][0]);
  expect(message).toContain('costs.db was damaged and was recovered on ');
  expect(message).toContain('"llm-spend repair"');
  expect(await state()).toMatchObject({ health: 'damaged', records: 201 - there.size });
  // It stays, whatever is recorded after that.
  await record('later still');
  expect(await incomplete()).toEqual([message]);
  const verified = await run((ledger) => ledger.verify());
  expect(verified.problems).toContainEqual(expect.objectContaining({ code: 'incomplete', severity: 'error' }));
  expect(verified.files.map(({ role }) => role)).toContain('incomplete');
  await run((ledger) => ledger.repair({ dryRun: true }));
  expect(await incomplete()).toEqual([message]);
  await run((ledger) => ledger.repair());
  expect(await incomplete()).toEqual([]);
  expect((await state()).health).toBe('ok');
  expect(readdirSync(folder)).not.toContain('costs.db.incomplete');
});

it('says nothing if every record was found, in the file or in its backup', async () => {
  await record(...ids(0, 200));
  await run((ledger) => ledger.remove(['id-7', 'id-150']));
  // The head alone; then also a page whose records the backup has.
  overwrite(0, PAGE);
  await record('later');
  expect(await incomplete()).toEqual([]);
  const backup = join(folder, 'costs.db.prev');
  expect(statSync(backup).size).toBeGreaterThan(0);
  overwrite(pageOf('id-100') * PAGE, PAGE);
  overwrite(0, PAGE);
  await record('later still');
  expect(await incomplete()).toEqual([]);
  const ledger = await state();
  expect(ledger).toMatchObject({ health: 'ok' });
  expect(ledger.records).toBeGreaterThanOrEqual(200);
});

it('says that nothing of an overwritten database could be read', async () => {
  await record(...ids(0, 20));
  overwrite(0, statSync(file).size);
  await record('later');
  expect((await incomplete())[0]).toContain(
    'none of its records could be read, and 20 were restored from costs.db.prev',
  );
});

it('says that a database which is gone came back from its backup', async () => {
  await record('a');
  rmSync(file);
  await record('b');
  expect((await incomplete())[0]).toMatch(/^costs\.db was gone and was restored on .* \(costs\.db\.prev: 1\)/);
  expect((await state()).records).toBe(2);
});

it('says in its result what a repair found that was asked for, and leaves no warning behind', async () => {
  await record(...ids(0, 200));
  rmSync(`${file}.prev`, { force: true });
  const page = pageOf('id-100');
  const onPage = ids(0, 200).filter((id) => pageOf(id) === page);
  const found = 200 - onPage.length;
  overwrite(0, PAGE);
  overwrite(page * PAGE, PAGE);
  const plan = await run((ledger) => ledger.repair({ dryRun: true }));
  const { actions, ...done } = await run((ledger) => ledger.repair());
  expect(done).toMatchObject({ records: found, recovered: found });
  const lost = `${onPage.length} of its records could not be read (${onPage.slice(0, 3).join(', ')}, …)`;
  expect(plan.actions).toContain(lost);
  expect(actions.slice(1)).toEqual([
    `records read from the damaged file: ${found}`,
    lost,
    `costs.db rewritten; records in it: ${found}`,
  ]);
  expect(await incomplete()).toEqual([]);
  expect(readdirSync(folder)).not.toContain('costs.db.incomplete');
  // The kept file is not said to have nothing that the ledger lacks.
  const { health, problems } = await run((ledger) => ledger.verify());
  expect(health).toBe('ok');
  expect(
    problems.map(({ severity, message }) => [severity, message.replace(/^costs\.db\.corrupt\.\S+/, 'It')]),
  ).toEqual([['warning', `It is a damaged database. ${lost}. Delete the file when you no longer need it.`]]);
});
