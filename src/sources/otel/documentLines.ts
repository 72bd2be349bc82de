import { parseJson } from '../fields.ts';

/** A document, and the number of its first line, 1-based. */
export interface Document {
  text: string;
  line: number;
}

/** Larger documents are dropped, as a file of another kind would be. */
const MAX_DOCUMENT = 64 * 1024 * 1024;

/**
 * Puts the lines of a file together to JSON documents: some take one line, others were formatted and take many. A formatted
 * document ends with a closing line without indentation.
 */
export class DocumentLines {
  #open: string[];
  #start: number;
  #length = 0;

  /** @param open the lines of a document whose end was not read yet, and the number of its first line. */
  constructor({ open, start }: { open: readonly string[]; start: number } = { open: [], start: 0 }) {
    this.#open = [...open];
    this.#start = start;
    for (const { length } of open) this.#length += length;
  }

  get state(): { open: string[]; start: number } {
    return { open: [...this.#open], start: this.#start };
  }

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** @param line 1-based. @returns the documents that are complete after this line. */
  add(text: string, line: number): Document[] {
    if (this.isOpen) return this.#continue(text, line);
    if (text.trim() === '') return [];
    if (!isOpening(text) || parseJson(text) !== undefined) return [{ text, line }];
    this.#open = [text];
    this.#start = line;
    this.#length = text.length;
    return [];
  }

  /** The documents of lines after which no closing line followed. */
  end(): Document[] {
    if (!this.isOpen) return [];
    const text = this.#open.join('\n');
    const document = { text, line: this.#start };
    const lines = this.#open.map((each, i) => ({ text: each, line: this.#start + i }));
    this.#open = [];
    if (parseJson(text) !== undefined) return [document];
    // An array whose end is missing, or still to come.
    const closed = `${withoutComma(text)}\n]`;
    if (text.startsWith('[') && parseJson(closed) !== undefined) return [{ ...document, text: closed }];
    // After a damaged beginning, the lines that are documents by themselves count.
    const whole = lines.filter((each) => /^\s*\{/.test(each.text) && parseJson(withoutComma(each.text)) !== undefined);
    const damaged = lines.find((each) => !isBracket(each.text)) ?? document;
    return [damaged, ...whole.filter((each) => each !== damaged)].map((each) => ({
      ...each,
      text: withoutComma(each.text),
    }));
  }

  #continue(text: string, line: number): Document[] {
    if (this.#open[0]!.startsWith('[')) return this.#continueArray(text, line);
    // A formatted object has no whole object in a line without indentation: the document before it was cut off.
    const isCutOff = text.startsWith('{') && parseJson(text) !== undefined;
    if (isCutOff) return [...this.end(), { text, line }];
    return this.#push(text);
  }

  /**
   * A whole object in a line without indentation is passed on at once, because the end of the array may never come: the line
   * that seemed to open an array may be a damaged one.
   */
  #continueArray(text: string, line: number): Document[] {
    const element = text.replace(/[,\]]?\s*$/, '');
    const isWhole = element.startsWith('{') && parseJson(element) !== undefined;
    const isEnd = (isWhole ? /\]\s*$/ : /^\]\s*$/).test(text);
    const complete = isWhole ? this.#rest() : this.#push(text);
    if (isWhole) complete.push({ text: element, line });
    if (!isEnd && !this.isOpen) {
      this.#open = ['['];
      this.#start = line;
      this.#length = 1;
    }
    return complete;
  }

  /** The documents before a whole element of an array. */
  #rest(): Document[] {
    const isOnlyBracket = this.#open.length === 1 && isBracket(this.#open[0]!);
    if (!isOnlyBracket) return this.end();
    this.#open = [];
    return [];
  }

  #push(text: string): Document[] {
    this.#open.push(text);
    this.#length += text.length;
    return /^[}\]]\s*$/.test(text) || this.#length > MAX_DOCUMENT ? this.end() : [];
  }
}

const withoutComma = (text: string): string => text.replace(/,?\s*$/, '');
const isBracket = (text: string): boolean => text.trim() === '[';

/** Whether a line may be the first one of a formatted document. */
export function isOpening(text: string): boolean {
  return /^[{[]/.test(text) && /[{[,]\s*$/.test(text);
}
