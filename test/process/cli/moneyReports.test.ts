import { afterEach, beforeEach, expect, test } from 'vitest';
import { moneyReport, reportArguments } from '../../../src/host/history/moneyReports.ts';
import { askCommand } from '../../../src/host/common/ownCommand.ts';
import type { MoneyQuestion } from '../../../src/protocol/messages.ts';
import type { MoneyReport } from '../../../src/protocol/reports.ts';
import { cli, Sandbox } from './harness.ts';

/** The reports of the cost history, as the editor asks the command for them. */

const style = {
  locale: 'en-US',
  t: ((message: string, ...values: unknown[]) =>
    message.replaceAll(/\{(\d)\}/g, (_, at: string) => String(values[Number(at)]))) as never,
};

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
  for (const [project, ledger] of [
    ['site', 'costs.json'],
    ['-tool', 'costs.json'],
    ['site', 'other.db'],
  ] as const) {
    const usage =
      'record --provider anthropic --model claude-sonnet-4-5 --operation chat --timestamp 2026-11-20T12:00:00Z';
    const tokens = '--input-tokens 100000 --output-tokens 50000 --cache-read-tokens 40000';
    const args = `${usage} ${tokens} --project=${project}`.split(' ');
    const { code, stderr } = await sandbox.run([...args, '--ledger', sandbox.file(ledger)]);
    expect([code, stderr]).toEqual([0, '']);
  }
});
afterEach(() => sandbox.dispose());

async function ask(question: Partial<MoneyQuestion>): Promise<MoneyReport> {
  const asked: MoneyQuestion = { kind: 'money', report: 'compare', models: [], filter: {}, ...question };
  const ledgers = [sandbox.file('costs.json'), sandbox.file('other.db')];
  const { signal } = new AbortController();
  const env = sandbox.env;
  const answer = await askCommand(cli, reportArguments(asked, ledgers, style), { env, signal });
  return moneyReport(asked.report, answer, style);
}

test('models are compared over the ledgers and filters of the window', async () => {
  const { tables, notes } = await ask({ models: ['claude-haiku-4-5', 'claude-sonnet-4-5'] });
  expect(tables).toEqual([
    {
      title: '',
      columns: ['Model', 'Cost', 'Difference', 'Without fast mode', 'Without cache', 'Hit rate + 10 points'],
      rows: [
        ['As used, at list price', '$2.83', '', '$2.83', '$3.15', '$2.75'],
        ['anthropic/claude-haiku-4-5', '$0.94', '-$1.88', '$0.94', '$1.05', '$0.92'],
        ['anthropic/claude-sonnet-4-5', '$2.83', '$0.00', '$2.83', '$3.15', '$2.75'],
      ],
    },
    {
      title: 'By project',
      columns: ['Project', 'As used', 'claude-haiku-4-5', 'claude-sonnet-4-5'],
      rows: [
        ['site', '$1.88', '$0.63', '$1.88'],
        ['-tool', '$0.94', '$0.31', '$0.94'],
      ],
    },
  ]);
  expect(notes[0]).toBe('3 calls at list price.');
  expect(notes.at(-1)).toContain('This is arithmetic');
  const filtered = await ask({
    models: ['claude-haiku-4-5'],
    filter: { values: { project: ['-tool'], tag: [null] }, search: 'model:sonnet', since: Date.UTC(2026, 10, 20) },
  });
  expect(filtered.notes[0]).toBe('1 calls at list price.');
  const none = await ask({ models: ['claude-haiku-4-5'], filter: { until: Date.UTC(2026, 10, 20, 12) } });
  expect(none.notes[0]).toBe('0 calls at list price.');
});

test('the prompt cache in dollars', async () => {
  const { tables } = await ask({ report: 'cache' });
  expect(tables[0]?.rows.slice(0, 4)).toEqual([
    ['Hit rate', '40%'],
    ['List price without the cache', '$3.15'],
    ['List price as used', '$2.83'],
    ['Savings', '$0.32'],
  ]);
  expect(tables[1]?.rows.map(([name]) => name)).toEqual(['site', '-tool']);
});

test('errors are sentences for the reader of a page', async () => {
  await expect(ask({ models: ['nosuchmodel'] })).rejects.toThrow(/^No price is known for a model "nosuchmodel"\./);
  await expect(ask({ models: [] })).rejects.toThrow(/^names the models to compare with/);
  await expect(ask({ report: 'cache', filter: { values: { ledger: ['x'] } } })).rejects.toThrow(
    'This report cannot be filtered by Ledger. Remove that filter.',
  );
  const secret = ['postgres://me:secret@host/costs'];
  expect(() => reportArguments({ kind: 'money', report: 'cache', models: [], filter: {} }, secret, style)).toThrow(
    'has a password',
  );
});
