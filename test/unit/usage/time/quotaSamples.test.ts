import { describe, expect, it } from 'vitest';
import { codexWindows, currentQuota, sampledEnd, type QuotaSample } from '../../../../src/usage/time/quota.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const sample = (fields: Partial<QuotaSample> = {}): QuotaSample => ({
  agent: 'claude-code',
  name: '5 h',
  lengthMs: 5 * HOUR,
  resetsAt: NOW + 2 * HOUR,
  usedPercent: 60,
  at: NOW,
  ...fields,
});

describe('limits in the lines of Codex', () => {
  it('are classified by the length of their window, whatever they are called', () => {
    const limits = {
      primary: { used_percent: 12.5, window_minutes: 299, resets_in_seconds: 3600 },
      secondary: { used_percent: 40, window_minutes: 10_080, resets_at: (NOW + 24 * HOUR) / 1000 },
    };
    expect(codexWindows(limits, NOW)).toEqual([
      { name: '5 h', usedPercent: 12.5, resetsAt: NOW + HOUR, lengthMs: 5 * HOUR },
      { name: 'week', usedPercent: 40, resetsAt: NOW + 24 * HOUR, lengthMs: 168 * HOUR },
    ]);
    expect(
      codexWindows({ primary: { used_percent: 1, window_minutes: 180, resets_in_seconds: 60 } }, NOW),
    ).toMatchObject([{ name: '3 h' }]);
  });

  it.each([
    null,
    'x',
    {},
    { primary: null },
    { primary: { used_percent: 5 } },
    { primary: { used_percent: 5, window_minutes: -1, resets_in_seconds: 5 } },
    { primary: { used_percent: '5', window_minutes: 300, resets_in_seconds: 5 } },
    { primary: { used_percent: 5, window_minutes: 300, resets_at: (NOW - 1000) / 1000 } },
    { primary: { used_percent: 5, window_minutes: 300, resets_in_seconds: 1e9 } },
  ])('are left out where they are malformed: %j', (limits) => expect(codexWindows(limits, NOW)).toEqual([]));
});

describe('the current quota', () => {
  it('is that of the newest window, and never a sum of sessions', () => {
    const week = { name: 'week', lengthMs: 168 * HOUR, resetsAt: NOW + 90 * HOUR, usedPercent: 31 };
    const samples = [
      sample({ usedPercent: 55, at: NOW - 10 * MINUTE }),
      sample({ usedPercent: 62, at: NOW - 5 * MINUTE }),
      // Another session, which was idle and tells what it knew.
      sample({ usedPercent: 41, at: NOW }),
      // The window before.
      sample({ usedPercent: 99, resetsAt: NOW - HOUR }),
      sample(week),
      sample({ agent: 'codex', usedPercent: 5 }),
    ];
    expect(currentQuota(samples, NOW).map(({ agent, name, usedPercent }) => [agent, name, usedPercent])).toEqual([
      ['claude-code', '5 h', 62],
      ['claude-code', 'week', 31],
      ['codex', '5 h', 5],
    ]);
  });

  it('after a reset is that of the next window, although less of it is used', () => {
    const samples = [
      sample({ usedPercent: 95, resetsAt: NOW + MINUTE, at: NOW - HOUR }),
      sample({ usedPercent: 2, resetsAt: NOW + 5 * HOUR }),
    ];
    expect(currentQuota(samples, NOW)).toMatchObject([{ usedPercent: 2 }]);
    expect(currentQuota(samples, NOW + 6 * HOUR)).toEqual([]);
  });
});

describe('the end of a quota', () => {
  it('goes by the pace of the last hour where a sample tells it', () => {
    const earlier = sample({ usedPercent: 40, at: NOW - 30 * MINUTE });
    // 20 % in half an hour: the other 40 % last an hour.
    expect(sampledEnd(sample(), [earlier, sample()], NOW)).toBe(NOW + HOUR);
    // Nothing used of late.
    expect(sampledEnd(sample(), [sample({ at: NOW - 30 * MINUTE }), sample()], NOW)).toBe('lasts');
    // No sample of the last hour: 60 % in three hours.
    expect(sampledEnd(sample(), [sample()], NOW)).toBe('lasts');
  });

  it('is not guessed early in a window, or from a sample whose time has passed', () => {
    const early = sample({ resetsAt: NOW + 4.8 * HOUR });
    expect(sampledEnd(early, [early], NOW)).toBeUndefined();
    const old = sample({ usedPercent: 90, at: NOW - 2 * HOUR, resetsAt: NOW + HOUR });
    expect(sampledEnd(old, [old], NOW)).toBeUndefined();
    expect(sampledEnd(sample({ usedPercent: 100 }), [], NOW)).toBe(NOW);
  });
});
