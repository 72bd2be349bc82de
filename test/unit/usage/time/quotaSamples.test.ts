import { describe, expect, it } from 'vitest';
import { ageText, codexWindows, currentQuota, sampledEnd, type QuotaSample } from '../../../../src/usage/time/quota.ts';

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

describe('the name of a window', () => {
  it.each([
    [300, '5 h', 5 * HOUR],
    [294, '5 h', 5 * HOUR],
    [306, '5 h', 5 * HOUR],
    [293, '4.9 h', 293 * MINUTE],
    [307, '5.1 h', 307 * MINUTE],
    [90, '1.5 h', 90 * MINUTE],
    [1440, 'day', 24 * HOUR],
    [1411, '23.5 h', 1411 * MINUTE],
    [10_079, 'week', 168 * HOUR],
    [2880, '2 d', 48 * HOUR],
    [43_200, 'month', 720 * HOUR],
    [86_400, '60 d', 1440 * HOUR],
    [366 * 1440, '366 d', 366 * 24 * HOUR],
  ])('of %d minutes is %s', (window_minutes, name, lengthMs) => {
    const limits = { primary: { used_percent: 1000, window_minutes, resets_in_seconds: 60 } };
    expect(codexWindows(limits, NOW)).toEqual([{ name, lengthMs, usedPercent: 1000, resetsAt: NOW + MINUTE }]);
  });

  it.each([
    { used_percent: 5, window_minutes: 0, resets_in_seconds: 60 },
    { used_percent: 5, window_minutes: 366 * 1440 + 1, resets_in_seconds: 60 },
    { used_percent: -1, window_minutes: 300, resets_in_seconds: 60 },
    { used_percent: 1001, window_minutes: 300, resets_in_seconds: 60 },
    { used_percent: 5, window_minutes: '300', resets_in_seconds: 60 },
    { used_percent: 5, window_minutes: 300, resets_in_seconds: 0 },
    { used_percent: 5, window_minutes: 300, resets_in_seconds: 36_001 },
    { used_percent: 5, window_minutes: 300 },
    { used_percent: 5, window_minutes: 300, resets_at: {} },
  ])('that is malformed is not made up: %j', (primary) => expect(codexWindows({ primary }, NOW)).toEqual([]));

  it('is read with the time of its reset as seconds, as a text, or as seconds left, up to twice its length', () => {
    const resets = (of: object): (number | undefined)[] =>
      codexWindows({ secondary: { used_percent: 0, window_minutes: 300, ...of } }, NOW).map(
        ({ resetsAt }) => resetsAt - NOW,
      );
    expect(resets({ resets_at: NOW / 1000 + 60 })).toEqual([MINUTE]);
    expect(resets({ resets_at: '2026-11-23T13:00:00Z' })).toEqual([HOUR]);
    expect(resets({ resets_in_seconds: 36_000, resets_at: 5 })).toEqual([10 * HOUR]);
  });
});

describe('an age', () => {
  it.each([
    [-5, '0 min'],
    [0, '0 min'],
    [1, '1 min'],
    [MINUTE, '1 min'],
    [MINUTE + 1, '2 min'],
    [89 * MINUTE, '89 min'],
    [90 * MINUTE, '2 h'],
    [3 * HOUR, '3 h'],
    [48 * HOUR - 1, '48 h'],
    [48 * HOUR, '2 days'],
    [12.4 * 24 * HOUR, '12 days'],
  ])('of %d ms is %s', (ms, text) => expect(ageText(ms)).toBe(text));
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

describe('of two samples of one window', () => {
  const current = (...samples: Partial<QuotaSample>[]): (number | string)[][] =>
    currentQuota(samples.map(sample), NOW).map(({ agent, lengthMs, usedPercent, at }) => [
      agent,
      lengthMs / HOUR,
      usedPercent,
      (at - NOW) / MINUTE,
    ]);

  it('the one that says more counts, then the newer one', () => {
    const earlier = { at: NOW - MINUTE };
    expect(current({ usedPercent: 10 }, { ...earlier, usedPercent: 20 })).toEqual([['claude-code', 5, 20, -1]]);
    expect(current({ ...earlier, usedPercent: 20 }, { usedPercent: 10 })).toEqual([['claude-code', 5, 20, -1]]);
    expect(current(earlier, {})).toEqual([['claude-code', 5, 60, 0]]);
    expect(current({}, earlier)).toEqual([['claude-code', 5, 60, 0]]);
  });

  it('a reset that differs by less than a tenth of the window is the same', () => {
    const later = (ms: number): unknown =>
      current({ usedPercent: 90 }, { usedPercent: 5, resetsAt: NOW + 2 * HOUR + ms })[0]?.[2];
    expect([later(29 * MINUTE), later(30 * MINUTE), later(-29 * MINUTE), later(-30 * MINUTE)]).toEqual([90, 5, 90, 90]);
  });

  it('one that has ended, or is of the future, says nothing', () => {
    expect(current({ resetsAt: NOW })).toEqual([]);
    expect(current({ resetsAt: NOW + 1, at: NOW + MINUTE })).toEqual([['claude-code', 5, 60, 1]]);
    expect(current({ at: NOW + MINUTE + 1 })).toEqual([]);
  });

  it('they are in the order of the agents, then of their length', () => {
    const week = { lengthMs: 168 * HOUR };
    expect(
      current(week, { agent: 'codex', ...week }, { agent: 'codex' }, {}, { agent: 'aider' }).map((each) =>
        each.slice(0, 2),
      ),
    ).toEqual([
      ['aider', 5],
      ['claude-code', 5],
      ['claude-code', 168],
      ['codex', 5],
      ['codex', 168],
    ]);
  });
});

describe('the end of a quota', () => {
  it('goes by the earliest sample of the last fifth of the window, if it is not too near', () => {
    const before = (minutes: number, usedPercent: number, more: Partial<QuotaSample> = {}): QuotaSample =>
      sample({ at: NOW - minutes * MINUTE, usedPercent, ...more });
    const end = (...samples: QuotaSample[]): unknown => {
      const found = sampledEnd(sample(), samples, NOW);
      return typeof found === 'number' ? (found - NOW) / MINUTE : found;
    };
    // 40 % are left: at 20 % an hour they would last two hours, when the window ends.
    expect(end(before(60, 39))).toBeCloseTo((40 * 60) / 21, 6);
    expect(end(before(60, 40))).toBe('lasts');
    expect(end(before(30, 50), before(60, 30))).toBe(80);
    expect(end(before(61, 30))).toBe('lasts');
    expect(end(before(10, 50))).toBe(40);
    expect(end(before(9.9, 50))).toBe('lasts');
    expect(end(before(30, 40, { agent: 'codex' }))).toBe('lasts');
    expect(end(before(30, 40, { lengthMs: 4 * HOUR }))).toBe('lasts');
    expect(end(before(30, 40, { resetsAt: NOW - HOUR }))).toBe('lasts');
    expect(end(before(30, 61))).toBe('lasts');
  });

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
