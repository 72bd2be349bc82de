/** Splits a typed line into words, with quotes and `key:value` pairs. Pure. */

export interface Word {
  text: string;
  /** The key of `key:value`, in lowercase. */
  key: string | undefined;
  /** Whether it was quoted, so that it is text whatever it looks like. */
  isQuoted: boolean;
  /** Its start and end in the line, including quotes and key. */
  start: number;
  end: number;
}

const WORD = /(?<bare>\p{L}+):(?=\s|$)|(?:(?<key>\p{L}+):)?(?:"(?<quoted>[^"]*)"?|(?<plain>[^\s"]+))/gu;

export function wordsOf(line: string, keys: ReadonlySet<string>): Word[] {
  return [...line.matchAll(WORD)].map((match): Word => {
    const { key, quoted, plain, bare } = match.groups as Record<string, string | undefined>;
    const at = { start: match.index, end: match.index + match[0].length };
    const name = (key ?? bare)?.toLowerCase();
    if (name !== undefined && keys.has(name)) {
      return { text: quoted ?? plain ?? '', key: name, isQuoted: quoted !== undefined, ...at };
    }
    // `nova-lite-v1:0` also contains a colon.
    const text = quoted === undefined ? match[0] : quoted;
    return { text, key: undefined, isQuoted: quoted !== undefined, ...at };
  });
}

/** Quotes text as one word of a line. */
export function quoteWord(text: string): string {
  return /[\s":]/.test(text) || text === '' ? `"${text.replaceAll('"', '')}"` : text;
}
