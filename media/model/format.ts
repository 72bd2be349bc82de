import type { ShownCurrency } from '../../src/protocol/messages.ts';
import { formatAmount, formatAmountExact, formatAmountInColumn, RATE_PLACES } from '../../src/usage/amount.ts';
import { formatUsd, formatUsdExact, formatUsdInColumn } from '../../src/usage/money.ts';
import type { Nanos } from '../../src/usage/money.ts';
import { costNanos } from '../../src/usage/query.ts';
import type { Bucket, Totals } from '../../src/usage/query.ts';
import { t } from './texts.ts';

/** The known and the unknown part of a cost as text. At least one is set. */
export interface CostTexts {
  /** `~$4.20`. */
  known?: string;
  /** The cost of days without a rate: `$1.00 not converted`. */
  unconverted?: string;
  /** The value of calls that a plan covers: `$310.00 plan`. */
  plan?: string;
  /** `12 unpriced`. */
  unpriced?: string;
}

/** Formats numbers, money and dates for one locale and time zone. Creating formats is slow, so keep the instance. */
export class Format {
  readonly locale: string;
  readonly timeZone: string;
  /** The currency of amounts; undefined: USD in nano-dollars. */
  readonly currency: ShownCurrency | undefined;
  readonly #count: Intl.NumberFormat;
  readonly #compact: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #share: Intl.NumberFormat;
  readonly #axis: Intl.NumberFormat;
  readonly #relative: Intl.RelativeTimeFormat;
  readonly #dates = new Map<string, Intl.DateTimeFormat>();

  constructor(locale: string, timeZone: string, currency?: ShownCurrency) {
    this.locale = supported(locale);
    this.timeZone = timeZone;
    this.currency = currency;
    this.#count = new Intl.NumberFormat(this.locale);
    this.#compact = new Intl.NumberFormat(this.locale, { notation: 'compact', maximumSignificantDigits: 3 });
    this.#percent = new Intl.NumberFormat(this.locale, { style: 'percent', maximumFractionDigits: 0 });
    this.#share = new Intl.NumberFormat(this.locale, { style: 'percent', maximumFractionDigits: 1 });
    this.#axis = new Intl.NumberFormat(this.locale, {
      style: 'currency',
      currency: currency?.code ?? 'USD',
      currencyDisplay: currency === undefined ? 'symbol' : 'code',
      notation: 'compact',
      minimumFractionDigits: 0,
      maximumSignificantDigits: 3,
    });
    this.#relative = new Intl.RelativeTimeFormat(this.locale, { numeric: 'auto', style: 'long' });
  }

  usd(nanos: Nanos): string {
    return formatUsd(nanos, this.locale);
  }

  usdExact(nanos: Nanos): string {
    return formatUsdExact(nanos, this.locale);
  }

  /** Formats an amount of totals: in the display currency, or in nano-dollars if there is none. */
  money(amount: Nanos): string {
    return this.currency === undefined ? this.usd(amount) : formatAmount(amount, this.currency.code, this.locale);
  }

  /** Formats an amount for a column of amounts. */
  moneyInColumn(amount: Nanos): string {
    if (this.currency === undefined) return this.usdInColumn(amount);
    return formatAmountInColumn(amount, this.currency.code, this.locale);
  }

  usdInColumn(nanos: Nanos): string {
    return formatUsdInColumn(nanos, this.locale);
  }

  moneyExact(amount: Nanos): string {
    if (this.currency === undefined) return this.usdExact(amount);
    return formatAmountExact(amount, this.currency.code, this.locale);
  }

  /** Formats an amount for an axis: `$0.5`, `$20`, `$1.2K`. @param size a result of `measured()` in totals.ts. */
  moneyTick(size: number): string {
    return this.#axis.format(this.currency === undefined ? size : size / 10 ** RATE_PLACES);
  }

  count(n: number | bigint): string {
    return this.#count.format(n);
  }

  /** `1.2M`. */
  compact(n: number | bigint): string {
    return this.#compact.format(n);
  }

  percent(ratio: number): string {
    return this.#percent.format(ratio);
  }

  share(ratio: number): string {
    return this.#share.format(ratio);
  }

  /** Marks estimated and unknown costs, so that unknown costs never appear as $0: `~$4.20 + 12 unpriced`. */
  cost(totals: Totals): string {
    return joined(this.costTexts(totals)).join(' ');
  }

  /** Like {@link cost}, with every digit. */
  costExact(totals: Totals): string {
    return this.costParts(totals).join(' ');
  }

  /** The exact cost as separate texts, which a narrow place puts on separate lines: `~$4.20`, `+ 12 unpriced`. */
  costParts(totals: Totals): string[] {
    return joined(this.costTexts(totals, true));
  }

  costTexts(totals: Totals, exact = false): CostTexts {
    const { unpriced, records, estimated, unconvertedNanos, plan, planNanos } = totals;
    const texts: CostTexts = {};
    if (unpriced > 0) texts.unpriced = t('{0} unpriced', this.count(unpriced));
    if (unpriced > 0 && unpriced === records) return texts;
    if (plan > 0) texts.plan = t('{0} plan', exact ? this.moneyExact(planNanos) : this.money(planNanos));
    if (plan > 0 && plan + unpriced === records) return texts;
    const mark = estimated > 0 ? '~' : '';
    const cost = costNanos(totals);
    // If nothing could be converted, a zero would be a wrong amount.
    if (unconvertedNanos === undefined || cost !== 0n) {
      texts.known = `${mark}${exact ? this.moneyExact(cost) : this.money(cost)}`;
    }
    if (unconvertedNanos !== undefined) {
      const usd = exact ? this.usdExact(unconvertedNanos) : this.usd(unconvertedNanos);
      texts.unconverted = t('{0} not converted', `${mark}${usd}`);
    }
    return texts;
  }

  /** The name of a bucket in a tooltip or table: `Mon, Nov 23, 2026`, `14:00 – 15:00`. */
  bucket(since: number, bucket: Bucket): string {
    switch (bucket) {
      case 'hour':
        return this.date(since, {
          weekday: 'short',
          day: 'numeric',
          month: 'short',
          hour: 'numeric',
          minute: '2-digit',
        });
      case 'day':
        return this.date(since, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
      case 'week':
        return t('Week of {0}', this.date(since, { day: 'numeric', month: 'short', year: 'numeric' }));
      case 'month':
        return this.date(since, { month: 'long', year: 'numeric' });
      case 'year':
        return this.date(since, { year: 'numeric' });
    }
  }

  /** The name of a bucket on an axis, as short as possible. */
  bucketTick(since: number, bucket: Bucket): string {
    switch (bucket) {
      case 'hour':
        return this.date(since, { hour: 'numeric' });
      case 'day':
      case 'week':
        return this.date(since, { day: 'numeric', month: 'short' });
      case 'month':
        return this.date(since, { month: 'short', year: '2-digit' });
      case 'year':
        return this.date(since, { year: 'numeric' });
    }
  }

  dayRange(since: number, until: number): string {
    return this.#date({ day: 'numeric', month: 'short', year: 'numeric' }).formatRange(since, until - 1);
  }

  time(ms: number): string {
    return this.date(ms, { dateStyle: 'short', timeStyle: 'short' });
  }

  /** The hour for today, the date for other days. */
  timeShort(ms: number, now: number): string {
    const date = this.date(ms, { dateStyle: 'short' });
    if (date === this.date(now, { dateStyle: 'short' })) return this.date(ms, { timeStyle: 'short' });
    const sameYear = this.date(ms, { year: 'numeric' }) === this.date(now, { year: 'numeric' });
    return sameYear ? this.date(ms, { day: 'numeric', month: 'short' }) : date;
  }

  timeExact(ms: number): string {
    return this.date(ms, { dateStyle: 'full', timeStyle: 'long' });
  }

  weekday(ms: number): string {
    return this.date(ms, { weekday: 'short' });
  }

  month(ms: number): string {
    return this.date(ms, { month: 'short' });
  }

  /** `just now`, `2 minutes ago`, `yesterday`. */
  ago(ms: number, now: number): string {
    const seconds = Math.round((now - ms) / 1000);
    if (seconds < 10) return t('just now');
    if (seconds < 60) return this.#relative.format(-seconds, 'second');
    if (seconds < 3600) return this.#relative.format(-Math.round(seconds / 60), 'minute');
    if (seconds < 86_400) return this.#relative.format(-Math.round(seconds / 3600), 'hour');
    return this.#relative.format(-Math.round(seconds / 86_400), 'day');
  }

  date(ms: number, options: Intl.DateTimeFormatOptions): string {
    return this.#date(options).format(ms);
  }

  #date(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const name = JSON.stringify(options);
    let format = this.#dates.get(name);
    if (format === undefined) {
      format = new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.timeZone });
      this.#dates.set(name, format);
    }
    return format;
  }
}

function joined({ known, unconverted, plan, unpriced }: CostTexts): string[] {
  return [known, unconverted, plan, unpriced]
    .filter((text) => text !== undefined)
    .map((text, index) => (index === 0 ? text : `+ ${text}`));
}

/** The editor may use a language for which Intl has no tag. */
function supported(locale: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale)[0] ?? 'en-US';
  } catch {
    return 'en-US';
  }
}
