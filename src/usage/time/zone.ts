/** Offsets of a time zone from UTC, from `Intl`. Memoised, so that a million timestamps need about a thousand look-ups. */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const QUARTER = 15 * MINUTE;
/** Maximum number of days and quarter hours memoised per zone: far more than any ledger spans, but bounded. */
const REMEMBERED = 100_000;

export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #days = new Map<number, number>();
  readonly #quarters = new Map<number, number>();

  /** @throws {RangeError} when the name is not a time zone. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** The offset to add to a UTC instant to get local wall time, both in ms. */
  offsetAt(ms: number): number {
    const byDay = this.#constantWithin(this.#days, DAY, ms);
    if (!Number.isNaN(byDay)) return byDay;
    const byQuarter = this.#constantWithin(this.#quarters, QUARTER, ms);
    return Number.isNaN(byQuarter) ? this.#lookUp(ms) : byQuarter;
  }

  /** Wall time in ms, as if it were UTC. */
  toLocal(ms: number): number {
    return ms + this.offsetAt(ms);
  }

  /**
   * The first instant at which the wall clock shows `local` (ms as if UTC). If a clock change skips that wall time: the instant
   * of the change.
   */
  toInstant(local: number): number {
    const before = this.offsetAt(local - DAY);
    const after = this.offsetAt(local + DAY);
    const [larger, smaller] = before > after ? [before, after] : [after, before];
    for (const offset of [larger, smaller]) {
      if (this.offsetAt(local - offset) === offset) return local - offset;
    }
    let low = local - DAY;
    let high = local + DAY;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  }

  /** The offset of the span that contains `ms` if both its ends have the same offset, NaN if the clock changes within it. */
  #constantWithin(memo: Map<number, number>, span: number, ms: number): number {
    const index = Math.floor(ms / span);
    const known = memo.get(index);
    if (known !== undefined) return known;
    const first = this.#lookUp(index * span);
    const offset = first === this.#lookUp((index + 1) * span - 1) ? first : Number.NaN;
    if (memo.size >= REMEMBERED) memo.clear();
    memo.set(index, offset);
    return offset;
  }

  #lookUp(ms: number): number {
    const [, sign, hours, minutes, seconds] =
      /GMT(?:([+-\u2212])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(this.#format.format(ms)) ?? [];
    if (sign === undefined) return 0;
    const size = (Number(hours) * 60 + Number(minutes)) * MINUTE + Number(seconds ?? 0) * 1000;
    return sign === '+' ? size : -size;
  }
}

const zones = new Map<string, Zone>();

/** @throws {RangeError} when the name is not a time zone. */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = new Zone(name);
    zones.set(name, zone);
  }
  return zone;
}
