/**
 * Hostile text made harmless, for each place that shows it. A record's fields come from any program: whatever stands in
 * them must reach the reader as text, never as a command, a format, a link or an invisible character.
 */

/** Made for the first text: many a command has none that needs them, and making them takes as long as opening a file. */
const makePatterns = () => ({
  /** Code points that are invisible or steer what is around them: controls, bidi and other formats, lone surrogates. */
  invisible: /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
  emojiJoin: /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]$/u,
  startsEmoji: /^\p{Extended_Pictographic}/u,
  /** More combining marks on one letter than any language has: they would paint over the lines around. */
  piledMarks: /(\p{M}{6})\p{M}+/gu,
});
let patterns: ReturnType<typeof makePatterns> | undefined;

/**
 * One line of visible text, for terminals and labels. Line breaks and tabs become spaces, other controls their visible
 * pictures (ESC is `␛`), and what is invisible (bidi controls, zero-widths, C1 controls) U+FFFD.
 * @param options.max most graphemes; a longer text ends in an ellipsis, which counts.
 */
export function plain(text: string, options: { max?: number } = {}): string {
  const { max } = options;
  // A grapheme rarely has more than 16 units; cutting early keeps a huge text from being walked through.
  const head = max === undefined ? text : text.slice(0, max * 16 + 16);
  const known = (patterns ??= makePatterns());
  const line = head
    .replace(/\r\n/g, ' ')
    .replace(known.invisible, (char, at: number) => visible(char, at, head, known))
    .replace(known.piledMarks, '$1');
  return max === undefined ? line : cut(line, max, head.length < text.length);
}

function visible(
  char: string,
  at: number,
  text: string,
  { emojiJoin, startsEmoji }: ReturnType<typeof makePatterns>,
): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '\n' || char === '\r' || char === '\t' || char === '\u2028' || char === '\u2029') return ' ';
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  // Emoji are told apart by these two: joined families, and the coloured form of a sign.
  if (code === 0xfe0f) return char;
  if (code === 0x200d && emojiJoin.test(text.slice(0, at)) && startsEmoji.test(text.slice(at + 1))) return char;
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

/** The beginning of a formula, also in full width, at the start of a text and wherever a spreadsheet may begin a new cell. */
const FORMULA = /(^|[;\t\r\n])(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/**
 * A cell for CSV that no spreadsheet takes for a formula: a formula gets a leading apostrophe (OWASP, "CSV Injection"). Where `;` is
 * the list separator, spreadsheets split cells at it, at tabs and at line breaks, quoted or not, so the text behind these counts
 * too. Numbers stay numbers. Quoting is left to the CSV writer.
 */
export function csvCell(text: string): string {
  if (NUMBER.test(text)) return text;
  const guarded = text.replaceAll(FORMULA, "$1'");
  return /^[\t\r\n]/.test(text) ? `'${guarded}` : guarded;
}
