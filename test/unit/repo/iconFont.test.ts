import path from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { iconStyle, subsetFont, usedIcons } from '../../../scripts/iconFont.mjs';
import { repository } from './files.ts';

const icons = path.join(repository, 'node_modules/@vscode/codicons/dist');
const css = readFileSync(path.join(icons, 'codicon.css'), 'utf8');
const font = readFileSync(path.join(icons, 'codicon.ttf'));

it('the icon font keeps the icons that a script names, and those whose names it puts together', () => {
  const used = usedIcons(css, 'html`<span class="codicon codicon-search-stop"></span>`; iconButton("trash")');
  expect([...used.keys()]).toEqual(expect.arrayContaining(['search-stop', 'trash', 'chevron-down', 'arrow-up']));
  expect(used.has('rocket')).toBe(false);
  const style = iconStyle(css, used);
  expect(style).toContain('.codicon-trash:before');
  expect(style).toContain('@font-face');
  expect(style).not.toContain('.codicon-rocket:before');
});

it('a smaller font has the same outlines for them, and valid checksums', () => {
  const used = usedIcons(css, '"trash"');
  const small = subsetFont(font, used.values());
  expect(small.length).toBeLessThan(font.length / 3);
  let sum = 0;
  for (let at = 0; at < small.length; at += 4) sum = (sum + small.readUInt32BE(at)) >>> 0;
  expect(sum).toBe(0xb1b0afba);
  // Nothing changes where every icon is wanted.
  const names = [...css.matchAll(/codicon-([a-z0-9-]+):before/g)].map(([, name]) => `"${name}"`);
  const all = subsetFont(font, usedIcons(css, names.join(' ')).values());
  expect(all.length).toBeGreaterThan(font.length * 0.8);
});
