import { describe, expect, it } from 'vitest';
import type { CliError } from '../../../../src/cli/output/exit.ts';
import { filterJson, selection } from '../../../../src/cli/arguments/filters.ts';

const now = Date.parse('2026-03-29T12:00:00Z');
const timezone = 'Europe/Berlin';
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

describe('selection', () => {
  it('chooses everything without flags', () => {
    const { filter } = selection({ timezone }, now);
    expect(filter).toEqual({});
  });

  it('counts today in the last days, and days by the wall clock', () => {
    expect(iso(selection({ days: '1', timezone }, now).filter.since)).toBe('2026-03-28T23:00:00.000Z');
    // The clocks went forward that night.
    expect(iso(selection({ days: '1', timezone }, now).filter.until)).toBe('2026-03-29T22:00:00.000Z');
    expect(iso(selection({ days: '2', timezone }, now).filter.since)).toBe('2026-03-27T23:00:00.000Z');
  });

  it('includes the last day of --until', () => {
    const { filter } = selection({ since: '2026-03-01', until: '2026-03-01', timezone: 'UTC' }, now);
    expect([iso(filter.since), iso(filter.until)]).toEqual(['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z']);
  });

  it('takes any of several values, and an empty one for none', () => {
    const chosen = selection({ provider: ['a', 'b'], project: [''], timezone: 'UTC' }, now);
    expect(chosen.filter.values).toEqual({ provider: ['a', 'b'], project: [null] });
    expect(filterJson(chosen)).toEqual({
      since: null,
      until: null,
      search: null,
      provider: ['a', 'b'],
      project: [null],
    });
  });

  it.each([
    [{ days: '0' }, '--days'],
    [{ days: '1.5' }, '--days'],
    [{ days: '99999999' }, '--days'],
    [{ days: '1', since: 'today' }, '--days'],
    [{ since: 'soon' }, '--since'],
    [{ since: '2026-02-30' }, '--since'],
    [{ until: '' }, '--until'],
    [{ since: '2026-02', until: '2026-01' }, '--since'],
    [{ timezone: 'Mars/Olympus' }, '--timezone'],
    [{ timezone: '' }, '--timezone'],
  ])('refuses %j', (flags, field) => {
    expect(() => selection(flags, now)).toThrow(expect.objectContaining({ field, exitCode: 2 }) as CliError);
  });
});
