import type stringWidth from 'string-width';
import { once } from '../../usage/lazy/once.ts';

/**
 * Letters, digits, punctuation and lines, each of which takes one cell beside any of the others: ASCII, Latin letters, dashes,
 * quotation marks, the ellipsis, and the drawing of boxes and blocks.
 */
const SIMPLE = /^[\u0020-\u007E\u00A1-\u00AC\u00AE-\u02FF\u2010-\u2027\u2500-\u259F]*$/;

/** Loaded on demand: it makes regular expressions of whole scripts and a segmenter, a tenth of the time of a short command. */
const exactly = once(() => (require('string-width') as { default: typeof stringWidth }).default);

/** Whether each character of the text takes one cell. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}

/** The number of cells that a terminal takes for the text. */
export function cellWidth(text: string): number {
  return isSimple(text) ? text.length : exactly()(text);
}
