import { emptyTotals } from '../../usage/query.ts';
import type { Totals } from '../../usage/query.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { formatTotals } from '../../usage/summary.ts';
import { addRecord } from '../../usage/totals.ts';
import { moneyText } from './displayMoney.ts';
import type { Converted } from '../../pricing/converted.ts';

/** The type of `vscode.l10n.t`, which is passed in so that text functions run without the editor. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

/** How to format numbers and translate text. */
export interface TextStyle {
  /** BCP 47. */
  locale: string;
  t: Translate;
  /** A message of another layer in the user's language. Absent: as it is. */
  message?: (english: string) => string;
}

/** A message of another layer in the user's language. */
export function messageIn({ message }: TextStyle, english: string): string {
  return message?.(english) ?? english;
}

/**
 * Describes how much of a cost is estimated or unknown, one sentence each, for tooltips. Empty if all of it was reported.
 * @param shown the same in the user's currency.
 */
export function costNotes(totals: Totals, style: TextStyle, shown?: Converted): string[] {
  const { locale, t } = style;
  const notes: string[] = [];
  if (totals.estimated > 0) {
    notes.push(
      t(
        'Includes {0} estimated from prices ({1}).',
        moneyText((shown?.totals ?? totals).estimatedNanos, shown, locale),
        calls(totals.estimated, style),
      ),
    );
  }
  if (totals.unpriced > 0) notes.push(t('The cost of {0} is unknown.', calls(totals.unpriced, style)));
  return notes;
}

/** The cost of new records, with its origin: `$0.25`, `~$0.06 + 1 unpriced`. */
export function recordedCost(stored: readonly UsageRecord[], locale: string): string {
  const totals = emptyTotals();
  for (const record of stored) addRecord(totals, record);
  return formatTotals(totals, locale);
}

/** `no records`, `1 record`, `1,234 records`. */
export function records(n: number, { locale, t }: TextStyle): string {
  if (n === 0) return t('no records');
  return n === 1 ? t('1 record') : t('{0} records', count(n, locale));
}

export function calls(n: number, { locale, t }: TextStyle): string {
  if (n === 0) return t('no calls');
  return n === 1 ? t('1 call') : t('{0} calls', count(n, locale));
}

export function count(n: number | bigint, locale: string): string {
  return new Intl.NumberFormat(locale).format(n);
}

/** `987`, `12.3K`, `4.5M`. */
export function compact(n: number | bigint, locale: string): string {
  return new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(n);
}
