import { plain } from '../../usage/text.ts';

/** Escapes untrusted text for places in the editor where some characters have a meaning. */

const MAX_MESSAGE = 500;
const MAX_LABEL = 100;

/** For notifications and dialogs, which turn `[text](address)` into links. Returns one line of plain text. */
export function notificationText(text: string): string {
  return plain(text, { max: MAX_MESSAGE }).replaceAll('](', '] (');
}

/** For labels of quick picks, which draw `$(name)` as an icon. */
export function quickPickLabel(text: string): string {
  return plain(text, { max: MAX_LABEL }).replaceAll('$(', '\\$(');
}
