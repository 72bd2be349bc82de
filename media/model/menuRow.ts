import type { MenuRow } from '../../src/protocol/row.ts';
import { ROW_KEY, ROW_SECTIONS } from '../../src/protocol/row.ts';

/** The `data-*` attributes of an element. */
interface Marked {
  readonly dataset: Record<string, string | undefined>;
}

/**
 * Names a row for the editor's context menu. The editor reads the attribute while the event bubbles, so it is set when the menu
 * is asked for, and not for each row that is drawn.
 */
export function offerMenu(
  element: Marked,
  row: MenuRow | undefined,
  { section, unpriced }: { section: keyof typeof ROW_SECTIONS; unpriced: boolean },
): void {
  if (row === undefined) delete element.dataset['vscodeContext'];
  else {
    element.dataset['vscodeContext'] = JSON.stringify({
      webviewSection: ROW_SECTIONS[section],
      spendUnpriced: unpriced,
      preventDefaultContextMenuItems: true,
      [ROW_KEY]: row,
    });
  }
}

/** Where the page is, by its body. */
export function placeOfPage({ dataset }: Marked): MenuRow['place'] {
  return dataset['place'] === 'sidebar' ? 'sidebar' : 'panel';
}
