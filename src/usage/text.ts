/**
 * Escaping for each place that shows the text of a record. Any program can write records, so their text must never act as a
 * command, a format, a link or an invisible character.
 */

/** Built lazily: many commands need none of these patterns, and compiling them takes as long as opening a file. */
const makePatterns = () => ({
  /**
   * Code points that are invisible or affect their surroundings: control characters, bidi and other format characters, lone
   * surrogates.
   */
  invisible: /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
  emojiJoin: /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]$/u,
  startsEmoji: /^\p{Extended_Pictographic}/u,
  /** More combining marks on one letter than any language uses: they would paint over neighbouring lines. */
  piledMarks: /(\p{M}{6})\p{M}+/gu,
});
let patterns: ReturnType<typeof makePatterns> | undefined;

/** Texts of these characters alone are shown as they are: visible Latin-1 and Latin Extended, of one grapheme each. */
const VISIBLE = /^[ -~\u00a0-\u00ac\u00ae-\u02ff]*$/;

/**
 * Returns one line of visible text, for terminals and labels. Line breaks and tabs become spaces, other control characters
 * their visible pictures (ESC is `␛`), and invisible characters (bidi controls, zero-width characters, C1 controls) U+FFFD.
 * @param options.max maximum number of graphemes; a longer text is cut and ends in an ellipsis, which counts.
 */
export function plain(text: string, options: { max?: number } = {}): string {
  const { max } = options;
  // The patterns below take longer to compile than anything else that a short-lived command does.
  if (text.length <= (max ?? 10_000) && VISIBLE.test(text)) return text;
  // A grapheme rarely has more than 16 units; cutting first avoids walking through a huge text.
  const head = max === undefined ? text : text.slice(0, max * 16 + 16);
  const known = (patterns ??= makePatterns());
  const line = head
    .replace(/\r\n/g, ' ')
    .replace(known.invisible, (char, at: number) => visible(char, at, head, known))
    .replace(known.piledMarks, '$1');
  return max === undefined ? line : cut(line, max, head.length < text.length);
}

/** As {@link plain}, for text of several lines: line feeds stay. */
export function plainLines(text: string): string {
  return text
    .split('\n')
    .map((line) => plain(line))
    .join('\n');
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
  // These two are part of emoji: the joiner of families, and the selector of the coloured form.
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
 * Escapes text for a Markdown document. Every ASCII punctuation mark becomes a character reference, which CommonMark never
 * treats as syntax, so the text cannot form links, HTML, tables, autolinks or codicons (`$(...)`).
 */
export function markdownText(text: string, options: { max?: number } = {}): string {
  return plain(text, options)
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, (char) => `&#${char.codePointAt(0)};`);
}

const NUMBER = /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Blanks and invisible characters, which a spreadsheet may drop before it looks for a formula. */
const BLANK = String.raw`[^\S\t\r\n]|[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]`;

const makeCellPatterns = () => ({
  /**
   * The first character of a formula, or of a call of another program (`|`), including the full-width forms, at the start of a text
   * and wherever a spreadsheet may begin a new cell. An apostrophe before it would be taken for ours.
   */
  formula: new RegExp(String.raw`(^|[;\uff1b\t\r\n])(?=(?:${BLANK}|')*[=+\-@|\uff1d\uff0b\uff0d\uff20\uff5c])`, 'g'),
  start: new RegExp(String.raw`^(?:${BLANK})*[;\uff1b]|^[\t\r\n]`),
  /** As in `invisible` above, but for line feeds, tabs and the joiners that words and emoji are written with. */
  controls: /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\\(?=u[\da-f]{4})/gu,
});
let cellPatterns: ReturnType<typeof makeCellPatterns> | undefined;

/**
 * Returns text for a CSV cell that no spreadsheet evaluates and that controls no terminal.
 * - A formula gets a leading apostrophe (OWASP, "CSV Injection"). Where `;` is the list separator, spreadsheets split cells at it,
 *   at tabs and at line breaks, even inside quotes, so formulas after these are escaped too. Numbers stay numbers.
 * - Control characters and invisible formats, except line feeds and tabs, become `\u` and four digits, as in JSON; so does a
 *   backslash before `u` and four digits, so that the text can be had back.
 *
 * The CSV writer adds the quotes.
 */
export function csvCell(text: string): string {
  if (NUMBER.test(text)) return text;
  const known = (cellPatterns ??= makeCellPatterns());
  const guarded = text.replaceAll(known.formula, "$1'");
  const cell = known.start.test(text) && !guarded.startsWith("'") ? `'${guarded}` : guarded;
  return cell.replace(known.controls, unicodeEscapes);
}

/** The text as JSON's escapes of its UTF-16 units. */
export function unicodeEscapes(text: string): string {
  let escaped = '';
  for (let i = 0; i < text.length; i++) escaped += `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}
