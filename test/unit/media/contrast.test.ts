import { describe, expect, test } from 'vitest';
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

describe('a stronger colour', () => {
  /** The colours of a theme with these variables only. */
  const colours = (variables: Record<string, string>, isLight = false): Record<string, string> =>
    Object.fromEntries(strongerColours((name) => variables[name.replace('--vscode-', '')] ?? '', isLight));
  const page = { 'editor-background': '#ffffff' };

  test.each(['#aaa', '#aaaaaa', '#AAAAAAff', 'rgb(170, 170, 170)', 'rgba(170,170,170,1)', ' rgb(170 170 170 / 1) '])(
    'is found for %j on white, as dark as it must be and no darker',
    (foreground) => {
      // #757575 has 4.61 to 1 on white, which a table of WCAG says; five percent lighter is below 4.6.
      const { '--vscode-foreground': found } = colours({ ...page, foreground });
      const grey = Number(/^rgba\((\d+), \1, \1, 1\)$/.exec(found ?? '')?.[1]);
      expect(grey).toBeLessThanOrEqual(0x75);
      expect(grey).toBeGreaterThan(0x75 - 9);
    },
  );

  test('is brighter on black, and none where the text can be read', () => {
    const dark = { 'editor-background': '#000' };
    const found = colours({ ...dark, foreground: '#555' })['--vscode-foreground'];
    const grey = Number(/^rgba\((\d+), \1, \1, 1\)$/.exec(found ?? '')?.[1]);
    // #757575 has 4.56 to 1 on black.
    expect(grey).toBeGreaterThanOrEqual(0x75);
    expect(grey).toBeLessThan(0x75 + 9);
    expect(colours({ ...dark, foreground: '#888' })).toEqual({});
    expect(colours({ ...page, foreground: '#767676' })).toEqual({});
    expect(Object.keys(colours({ ...page, foreground: '#777777' }))).toEqual(['--vscode-foreground']);
  });

  test('is asked of each background that the text stands on, through those that are not opaque', () => {
    // Readable on the page, not on the selection; a selection without colour asks for nothing.
    expect(colours({ ...page, foreground: '#666' })).toEqual({});
    expect(Object.keys(colours({ ...page, foreground: '#666', 'list-hoverBackground': '#777' }))).toEqual([
      '--vscode-foreground',
    ]);
    expect(colours({ ...page, foreground: '#666', 'list-hoverBackground': '#77777701' })).toEqual({});
    // A text on a button is not read on the page.
    expect(colours({ ...page, 'button-foreground': '#fff', 'button-background': '#000' })).toEqual({});
    expect(colours({ ...page, 'button-foreground': '#fff' })).toEqual({});
    expect(Object.keys(colours({ ...page, 'sideBar-background': '#000', foreground: '#444' }))).toEqual([
      '--vscode-foreground',
    ]);
  });

  test('of secondary texts is that of the foreground in light themes', () => {
    // #666 has 5.7 to 1 on white; at 78 % it is #888, which has 3.5.
    expect(Object.keys(colours({ ...page, foreground: '#666' }, true))).toEqual(['--muted']);
    expect(colours({ ...page, foreground: '#000' }, true)).toEqual({});
    expect(Object.keys(colours({ ...page, descriptionForeground: '#999' }))).toEqual([
      '--vscode-descriptionForeground',
      '--muted',
    ]);
  });

  test.each(['#12345', '#ggg', 'rgb(1, 2)', 'rgb(a, b, c)', 'rgb(1,2,3,x)', 'red', 'x rgb(1,2,3)', 'rgb(1,2,3) x'])(
    'is not made up where %j is no colour that is known',
    (foreground) => {
      expect(colours({ ...page, foreground })).toEqual({});
      expect(colours({ 'editor-background': foreground, foreground: '#fff' })).toEqual({});
    },
  );
});
