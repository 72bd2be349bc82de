import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { element } from '../faults/world.ts';

let folder: string;
let ledger: string;
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-defects-'));
  ledger = join(folder, 'costs.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function stateOf(lines: readonly string[]) {
  writeFileSync(ledger, `[\n${lines.join(',\n')}\n]`);
  const tracker = new CostTracker({ ledger });
  try {
    return await tracker.refresh();
  } finally {
    await tracker.close();
  }
}
const DESCRIBED = 100;

it('describes the first hundred records that stand there twice, each with its line, and counts all', async () => {
  const twice = Array.from({ length: 120 }, (_, i) => element(`${i}`));
  const { health, records, problems } = await stateOf([...twice, ...twice]);
  expect([health, records]).toEqual(['ok', 120]);
  expect(problems.map(({ code, severity, line }) => [code, severity, line])).toEqual(
    Array.from({ length: DESCRIBED }, (_, i) => ['duplicate-id', 'warning', 122 + i]),
  );
  expect(problems[0]).toMatchObject({
    usageId: '0',
    message: 'the element on line 122 occurs twice in the ledger and is counted once',
  });
});

it('tells a repetition from another record with the same id', async () => {
  const { health, records, problems } = await stateOf([element('a'), element('a', { cost_usd: 9 }), element('b')]);
  expect([health, records]).toEqual(['damaged', 2]);
  expect(problems).toMatchObject([
    {
      code: 'duplicate-id',
      severity: 'error',
      line: 3,
      message: 'the element on line 3 has the usage_id of another record and is not counted',
    },
  ]);
});

it('describes the first hundred elements that are no records, and counts all', async () => {
  const { health, records, unreadable, problems } = await stateOf([
    element('a'),
    ...Array.from({ length: 120 }, (_, i) => `${i}`),
  ]);
  expect([health, records, unreadable]).toEqual(['damaged', 1, 120]);
  expect(problems.map(({ code, severity, line }) => [code, severity, line])).toEqual(
    Array.from({ length: DESCRIBED }, (_, i) => ['unreadable-element', 'error', 3 + i]),
  );
});

it('names the line of the element that is no JSON, and nothing of a sound one', async () => {
  expect(await stateOf([element('a'), element('b')])).toMatchObject({ health: 'ok', records: 2, problems: [] });
  const { health, problems } = await stateOf([element('a'), '{"usage_id":']);
  expect(health).toBe('damaged');
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ severity: 'error', line: 3 });
});
