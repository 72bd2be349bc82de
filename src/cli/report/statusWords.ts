import type { Totals } from '../../usage/query.ts';
import { sampledEnd, type QuotaSample } from '../../usage/time/quota.ts';
import { t, tText } from '../language/text.ts';
import { totalsText } from './totals.ts';

/** The words of the status line. */

/** The age of a sample from which it is shown. */
const OLD_SAMPLE_MS = 5 * 60_000;

/** `5 h 62 % empty in 40m`, `week 31 % lasts`, `5 h 62 % (12m ago)`. */
export function quotaWords(sample: QuotaSample, samples: readonly QuotaSample[], now: number): string {
  const age = now - sample.at > OLD_SAMPLE_MS ? ` (${t`${shortDuration(now - sample.at)} ago`})` : '';
  const used = `${tText(sample.name)} ${Math.round(sample.usedPercent)} %`;
  const end = sampledEnd(sample, samples, now);
  if (end === undefined) return `${used}${age}`;
  return `${used} ${end === 'lasts' ? t`lasts` : t`empty in ${shortDuration(end - now)}`}${age}`;
}

/** `$4.20`, `$4.20 + 12 unpriced`. */
export function logTotals(totals: Totals): string {
  // All of a log's costs are estimates, so that a mark at each would say nothing.
  return totalsText({ ...totals, estimated: 0 });
}

/** `40m`, `1h 05m`. */
export function shortDuration(ms: number): string {
  const minutes = Math.max(0, Math.ceil(ms / 60_000));
  return minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`;
}
