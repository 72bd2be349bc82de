import { plain } from '../../usage/text.ts';

/** Hostile text for the places of the editor that give some characters a meaning. */

const MAX_MESSAGE = 500;
const MAX_LABEL = 100;

/** For notifications and dialogs, which make links of `[text](address)`: one line that stays the text that it is. */
export function notificationText(text: string): string {
  return plain(text, { max: MAX_MESSAGE }).replaceAll('](', '] (');
}

/** For labels of quick picks, which draw `$(name)` as an icon. */
export function quickPickLabel(text: string): string {
  return plain(text, { max: MAX_LABEL }).replaceAll('$(', '\\$(');
}
