import { describe, expect, it } from 'vitest';
import { notificationText, quickPickLabel } from '../../../../src/host/common/escape.ts';

describe('notificationText', () => {
  it('keeps plain text', () => {
    expect(notificationText('')).toBe('');
    expect(notificationText('Recorded $0.05 for gpt-5.')).toBe('Recorded $0.05 for gpt-5.');
  });

  it('leaves no link, no line and no invisible character', () => {
    expect(notificationText('[free](command:workbench.action.quit)')).toBe('[free] (command:workbench.action.quit)');
    expect(notificationText('a\nb\u202Ec\u001B[31m')).toBe('a b\uFFFDc␛[31m');
    expect(notificationText('x'.repeat(5000))).toHaveLength(500);
  });
});

describe('quickPickLabel', () => {
  it('draws no icon', () => {
    expect(quickPickLabel('gpt $(trash)')).toBe('gpt \\$(trash)');
    expect(quickPickLabel('$5 (five)')).toBe('$5 (five)');
  });
});
