/**
 * Measures variants on a noisy machine: they are measured alternately (A, B, A, B, ...) in the same run, after a warm-up, and
 * the ratio is what counts.
 */

/** Times of one variant, in measurement order. */
export class Sample {
  readonly values: number[] = [];

  /** The value below which `share` of all values are. */
  quantile(share: number): number {
    const sorted = this.values.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  }

  get p50(): number {
    return this.quantile(0.5);
  }

  get p95(): number {
    return this.quantile(0.95);
  }
}

/** Returns one value, or several for one turn. */
export type Variant = () => Promise<number | readonly number[]> | number | readonly number[];

/** Runs all variants alternately, `turns` times each, after one unmeasured run. */
export async function inTurns<K extends string>(
  turns: number,
  variants: Record<K, Variant>,
): Promise<Record<K, Sample>> {
  const names = Object.keys(variants) as K[];
  const samples = Object.fromEntries(names.map((name) => [name, new Sample()])) as Record<K, Sample>;
  for (let turn = -1; turn < turns; turn++) {
    // The order rotates, so that no variant always follows the same other one.
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + turn + 1) % names.length]!;
      const value = await variants[name]();
      if (turn >= 0) samples[name].values.push(...(typeof value === 'number' ? [value] : value));
    }
  }
  return samples;
}

/** Duration in ms. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** The ratio of the medians. */
export function times(sample: Sample, floor: Sample): string {
  return `${digits(sample.p50 / floor.p50)}x`;
}

/** At least three significant digits: `0.284`, `12.3`, `1,240`. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '';
  return value.toLocaleString('en-US', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), `|---|${'---:|'.repeat(heads.length - 1)}`, ...rows.map(line)].join('\n');
}

/** One section of the report: Markdown on stdout. */
export function section(title: string, ...paragraphs: string[]): void {
  console.log(`## ${title}\n\n${paragraphs.join('\n\n')}\n`);
}
