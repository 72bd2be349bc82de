import type { SpendFilters } from './filters.ts';

/** Moves the focus to the page's search on Ctrl+F, because the editor's own search does not search a page. */
export function findKey(event: KeyboardEvent): void {
  if (event.key.toLowerCase() !== 'f' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  const filters = document.querySelector<SpendFilters>('spend-filters');
  if (filters === null) return;
  event.preventDefault();
  filters.focusSearch();
}
