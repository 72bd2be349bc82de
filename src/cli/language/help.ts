import type { Help } from 'commander';
import { cellWidth } from '../output/cellWidth.ts';
import { ownLanguage, t } from './text.ts';

/** The words of commander, and lines that fit where characters are two cells wide and no spaces separate words. */
export function helpInLanguage(): Partial<Help> {
  if (ownLanguage() === undefined) return {};
  const titles: Readonly<Record<string, string>> = {
    'Usage:': t`Usage:`,
    'Arguments:': t`Arguments:`,
    'Options:': t`Options:`,
    'Commands:': t`Commands:`,
  };
  return {
    styleTitle: (title) => titles[title] ?? title,
    displayWidth: cellWidth,
    boxWrap: (text, width) =>
      width < NARROW
        ? text
        : text
            .split('\n')
            .map((line) => wrapped(line, width))
            .join('\n'),
  };
}

/** Text in fewer columns is not wrapped, as in commander. */
const NARROW = 40;

/** A word with the spaces before it; each wide character is a word, together with the marks behind it that begin no line. */
const WORD =
  /\s*(?:[\u2E80-\u9FFF\uFF00-\uFFEF]|[^\s\u2E80-\u9FFF\uFF00-\uFFEF]+)[\u3001\u3002\u300D\u300F\u3011\uFF01\uFF09\uFF0C\uFF1A\uFF1B\uFF1F]*|\s+$/g;

function wrapped(line: string, width: number): string {
  const lines: string[] = [];
  let current = '';
  for (const word of line.match(WORD) ?? []) {
    if (current === '' || cellWidth(current + word) <= width) current += word;
    else {
      lines.push(current);
      current = word.trimStart();
    }
  }
  return [...lines, current].join('\n');
}
