import { expect, test } from 'vitest';
import { strongerColours } from '../../../media/model/contrast.ts';
import themes from '../../editor/history/themes.json' with { type: 'json' };

function stronger(name: keyof typeof themes): Record<string, string> {
  const variables: Readonly<Record<string, string>> = themes[name].variables;
  return Object.fromEntries(strongerColours((variable) => variables[variable] ?? '', name.endsWith('light')));
}

test.each(['dark', 'light', 'high-contrast-dark', 'high-contrast-light'] as const)('%s keeps its colours', (name) => {
  expect(stronger(name)).toEqual({});
});

test('Solarized Light gets darker texts where its own are too faint', () => {
  const colours = stronger('solarized-light');
  expect(colours).toMatchObject({
    '--vscode-button-foreground': 'rgba(13, 13, 13, 1)',
  });
  expect(colours['--vscode-badge-foreground']).toBeUndefined();
});

test('colours that cannot be read stay', () => {
  expect(strongerColours(() => 'color-mix(in srgb, red, blue)', false).size).toBe(0);
  expect(strongerColours(() => '', true).size).toBe(0);
});
