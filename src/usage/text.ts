/**
 * Hostile text made harmless, for each place that shows it. A record's fields come from any program: whatever stands in
 * them must reach the reader as text, never as a command, a format, a link or an invisible character.
 */

/** Code points that are invisible or steer what is around them: controls, bidi and other formats, lone surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const EMOJI_JOIN = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]$/u;
const STARTS_EMOJI = /^\p{Extended_Pictographic}/u;
/** More combining marks on one letter than any language has: they would paint over the lines around. */
const PILED_MARKS = /(\p{M}{6})\p{M}+/gu;

/**
 * One line of visible text, for terminals and labels. Line breaks and tabs become spaces, other controls their visible
 * pictures (ESC is `␛`), and what is invisible (bidi controls, zero-widths, C1 controls) U+FFFD.
 * @param options.max most graphemes; a longer text ends in an ellipsis, which counts.
 */
export function plain(text: string, options: { max?: number } = {}): string {
  const { max } = options;
  // A grapheme rarely has more than 16 units; cutting early keeps a huge text from being walked through.
  const head = max === undefined ? text : text.slice(0, max * 16 + 16);
  const line = head
    .replace(/\r\n/g, ' ')
    .replace(INVISIBLE, (char, at: number) => visible(char, at, head))
    .replace(PILED_MARKS, '$1');
  return max === undefined ? line : cut(line, max, head.length < text.length);
}

function visible(char: string, at: number, text: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '\n' || char === '\r' || char === '\t' || char === '\u2028' || char === '\u2029') return ' ';
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  // Emoji are told apart by these two: joined families, and the coloured form of a sign.
  if (code === 0xfe0f) return char;
  if (code === 0x200d && EMOJI_JOIN.test(text.slice(0, at)) && STARTS_EMOJI.test(text.slice(at + 1))) return char;
  return '\uFFFD';
}

function cut(text: string, max: number, longer: boolean): string {
  if (max <= 0) return '';
  const starts: number[] = [];
  for (const { index } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    starts.push(index);
    if (starts.length > max) break;
  }
  return starts.length > max || longer ? `${text.slice(0, starts[max - 1] ?? text.length)}…` : text;
}

/**
 * The text for a Markdown document, where it stands for itself. Every ASCII punctuation mark becomes a character reference,
 * which CommonMark never takes for structure; so neither links, HTML, tables, autolinks nor codicons (`$(...)`) can arise.
 */
export function markdownText(text: string, options: { max?: number } = {}): string {
  return plain(text, options)
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, (char) => `&#${char.codePointAt(0)};`);
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * A cell for CSV that no spreadsheet takes for a formula: such a text gets a leading apostrophe (OWASP, "CSV Injection").
 * Numbers stay numbers. Quoting is left to the CSV writer.
 */
export function csvCell(text: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}
