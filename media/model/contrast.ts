/**
 * Texts that a theme makes too faint get a stronger colour: some themes, such as Solarized Light, keep no contrast of 4.5 to 1 on
 * their buttons and selections. Pure.
 */

/** Red, green and blue from 0 to 255, and opacity from 0 to 1. */
type Colour = readonly [red: number, green: number, blue: number, opacity: number];

/** A text colour, and the backgrounds that it is read on. Names without `--vscode-`. */
type Pair = readonly [text: string, ...backgrounds: string[]];

const PAIRS: readonly Pair[] = [
  [
    'foreground',
    '',
    'list-hoverBackground',
    'list-inactiveSelectionBackground',
    'inputValidation-warningBackground',
    'inputValidation-errorBackground',
  ],
  ['descriptionForeground', '', 'list-hoverBackground'],
  ['sideBarSectionHeader-foreground', ''],
  ['textLink-foreground', '', 'list-hoverBackground'],
  ['list-highlightForeground', ''],
  ['list-activeSelectionForeground', 'list-activeSelectionBackground'],
  ['button-foreground', 'button-background', 'button-hoverBackground'],
  ['button-secondaryForeground', 'button-secondaryBackground', 'button-secondaryHoverBackground'],
  ['badge-foreground', 'badge-background'],
  ['checkbox-foreground', 'checkbox-background'],
  ['editorHoverWidget-foreground', 'editorHoverWidget-background'],
  ['inputOption-activeForeground', 'inputOption-activeBackground'],
  ['notifications-foreground', 'notifications-background'],
  ['settings-dropdownForeground', 'settings-dropdownBackground'],
  ['settings-textInputForeground', 'settings-textInputBackground'],
];

/** The backgrounds of the page: as an editor, and in the side bar. */
const PAGES = ['editor-background', 'sideBar-background'] as const;

/** The contrast that WCAG 2.2 AA asks for. */
const ENOUGH = 4.5;
/** A stronger colour has a little more, because colours are rounded. */
const STRONG = 4.6;
const STEPS = 20;

/**
 * The text colours of a theme that are too faint, each with a stronger one, by the name of the variable.
 * @param read the value of a variable of the editor; empty if it has none.
 * @param isLight whether the page makes secondary texts of its foreground, as `--muted` in `base.css`.
 */
export function strongerColours(read: (variable: string) => string, isLight: boolean): Map<string, string> {
  const colour = (name: string): Colour | undefined => colourOf(read(`--vscode-${name}`));
  const stronger = new Map<string, string>();
  const pages = PAGES.map(colour).filter((each) => each !== undefined);
  const strengthen = (variable: string, text: Colour | undefined, backgrounds: readonly string[]): void => {
    if (text === undefined || pages.length === 0) return;
    const under = backgrounds.flatMap((name) => {
      const own = name === '' ? undefined : colour(name);
      return name !== '' && own === undefined ? [] : pages.map((page) => (own === undefined ? page : over(own, page)));
    });
    const found = readable(text, under);
    if (found !== undefined) stronger.set(variable, found);
  };
  for (const [name, ...backgrounds] of PAIRS) strengthen(`--vscode-${name}`, colour(name), backgrounds);
  const text = colour(isLight ? 'foreground' : 'descriptionForeground');
  const muted = text && isLight ? ([text[0], text[1], text[2], text[3] * MUTED] as const) : text;
  strengthen('--muted', muted, ['', 'list-hoverBackground']);
  return stronger;
}

const MUTED = 0.78;

/** undefined if the text is readable on all backgrounds, which are opaque. */
function readable(text: Colour, backgrounds: readonly Colour[]): string | undefined {
  const least = (each: Colour): number => Math.min(...backgrounds.map((under) => contrast(over(each, under), under)));
  if (backgrounds.length === 0 || least(text) >= ENOUGH) return undefined;
  const end: Colour = least([0, 0, 0, 1]) > least([255, 255, 255, 1]) ? [0, 0, 0, 1] : [255, 255, 255, 1];
  for (let step = 1; step <= STEPS; step++) {
    const mixed = mix(text, end, step / STEPS);
    if (step === STEPS || least(mixed) >= STRONG) return `rgba(${mixed.join(', ')})`;
  }
  return undefined;
}

function mix(from: Colour, to: Colour, part: number): Colour {
  const at = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * part);
  return [at(0), at(1), at(2), from[3] + (1 - from[3]) * part];
}

/** A colour on an opaque one. */
function over(colour: Colour, under: Colour): Colour {
  const at = (i: 0 | 1 | 2): number => colour[i] * colour[3] + under[i] * (1 - colour[3]);
  return [at(0), at(1), at(2), 1];
}

function contrast(a: Colour, b: Colour): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance([red, green, blue]: Colour): number {
  const linear = (value: number): number =>
    value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** `#rgb`, `#rrggbb`, `#rrggbbaa`, `rgb()` and `rgba()`, as the editor writes them; undefined for anything else. */
function colourOf(text: string): Colour | undefined {
  const hex = /^#([\da-f]{3}|[\da-f]{6}|[\da-f]{8})$/i.exec(text.trim())?.[1];
  if (hex !== undefined) {
    const long = hex.length === 3 ? hex.replaceAll(/./g, '$&$&') : hex;
    const at = (i: number): number => Number.parseInt(long.slice(i, i + 2), 16);
    return [at(0), at(2), at(4), long.length === 8 ? at(6) / 255 : 1];
  }
  const [red, green, blue, opacity = 1] = (/^rgba?\(([^)]*)\)$/.exec(text.trim())?.[1] ?? '')
    .split(/[\s,/]+/)
    .map(Number);
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  return [red, green, blue, opacity].every((value) => Number.isFinite(value)) ? [red, green, blue, opacity] : undefined;
}
