import { expect, it } from 'vitest';
import { exportName } from '../../../../src/host/ledger/exportName.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const at = (text: string): number => Date.parse(text);

it.each([
  [undefined, 'llm-spend.csv'],
  [{}, 'llm-spend.csv'],
  [
    { since: at('2026-11-01T00:00+01:00'), until: at('2026-11-28T00:00+01:00') },
    'llm-spend-2026-11-01-to-2026-11-27.csv',
  ],
  [{ since: at('2026-11-27T00:00+01:00'), until: at('2026-11-28T00:00+01:00') }, 'llm-spend-2026-11-27.csv'],
  [{ until: at('2026-11-28T00:00+01:00') }, 'llm-spend-start-to-2026-11-27.csv'],
  [{ since: at('2026-11-27T00:00+01:00') }, 'llm-spend-2026-11-27.csv'],
])('%o: %s', (filter, name) => {
  expect(exportName('csv', filter, calendar)).toBe(name);
});
