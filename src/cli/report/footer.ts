import { plain } from '../../usage/text.ts';
import type { Selection } from '../arguments/filters.ts';
import type { Sources } from '../arguments/ledgers.ts';
import { counted } from './numbers.ts';
import { t } from '../language/text.ts';

/** Lists the ledgers behind the figures, the first thing to check when a figure looks wrong. */
export function footerText({ ledgers, states }: Sources, { filter, calendar }: Selection): string {
  const lines = ledgers.map(({ path }, i) => {
    const state = states[i];
    const count = state?.health === 'missing' ? t`does not exist yet` : counted(state?.records ?? 0, 'record');
    return `${i === 0 ? t`Ledger` : t`Also counted`}: ${plain(path)} (${count})`;
  });
  const day = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
  const range = [
    filter.since === undefined ? '' : t` from ${day(filter.since)}`,
    filter.until === undefined ? '' : t` until before ${day(filter.until)}`,
  ].join('');
  return [...lines, t`Times: ${calendar.timeZone}${range}`].join('\n');
}
