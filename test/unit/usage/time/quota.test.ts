import { describe, expect, it } from 'vitest';
import { quotaLine } from '../../../../src/cli/report/doctor.ts';
import { quotaAgent, quotaEnd, quotaWindows } from '../../../../src/usage/time/quota.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;

describe('quota windows', () => {
  it('are read from what Claude Code passes, and left out where they have ended or are malformed', () => {
    const limits = {
      five_hour: { used_percentage: 62, resets_at: (NOW + HOUR) / 1000 },
      seven_day: { used_percentage: 31, resets_at: '2026-11-25T12:00:00Z' },
    };
    expect(quotaWindows(limits, NOW)).toEqual([
      { name: '5 h', usedPercent: 62, resetsAt: NOW + HOUR, lengthMs: 5 * HOUR },
      { name: 'week', usedPercent: 31, resetsAt: NOW + 48 * HOUR, lengthMs: 168 * HOUR },
    ]);
    for (const bad of [
      undefined,
      null,
      'x',
      { five_hour: null, seven_day: 5 },
      { five_hour: { used_percentage: '62', resets_at: (NOW + HOUR) / 1000 } },
      { five_hour: { used_percentage: 62, resets_at: NOW / 1000 - 1 } },
      { five_hour: { used_percentage: 62, resets_at: 'soon' } },
      { five_hour: { used_percentage: -1, resets_at: NOW } },
    ]) {
      expect(quotaWindows(bad, NOW)).toEqual([]);
    }
  });

  it.each([
    // Half of it after an hour: the other half takes another hour.
    [50, 4, NOW + HOUR],
    [10, 4, 'lasts'],
    [99, 1, NOW + (4 * HOUR) / 99],
    [100, 3, NOW],
    [0, 3, 'lasts'],
    // Twelve minutes in: no guess.
    [30, 4.8, undefined],
    // A clock that is wrong.
    [30, 9, undefined],
  ])('%d %% used, %d h left: %s', (usedPercent, hours, end) => {
    expect(quotaEnd({ name: '5 h', usedPercent, resetsAt: NOW + hours * HOUR, lengthMs: 5 * HOUR }, NOW)).toBe(end);
  });
});

describe('the agent of a quota', () => {
  // A file of samples may name any.
  it.each([
    ['claude-code', 'Claude Code'],
    ['codex', 'Codex'],
    ['another', 'another'],
    ['constructor', 'constructor'],
    ['__proto__', '__proto__'],
    ['toString', 'toString'],
  ])('%s is called %s', (agent, name) => {
    expect(quotaAgent(agent)).toBe(name);
    const sample = { agent, name: '5 h', usedPercent: 61.6, resetsAt: NOW + HOUR, lengthMs: 5 * HOUR, at: NOW - HOUR };
    expect(quotaLine(sample, 'lasts', NOW)).toBe(`${name}, 5 h: 62 %, lasts (as of 60 min ago)`);
  });
});
