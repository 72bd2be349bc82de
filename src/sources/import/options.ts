import type { Ledger } from '../../ledger/ledger.ts';
import type { Pricer } from '../../pricing/price.ts';
import type { UsageRecord } from '../../usage/record.ts';
import type { QuotaSample } from '../../usage/time/quota.ts';
import type { Skip, SkipReason, Source, SourceFile } from '../source.ts';

/** Input and report of an import. */

export interface ImportOptions {
  /** The path of the ledger's file. */
  path: string;
  /** Opens the ledger. Called only if the ledger is needed, so not if nothing is new. The caller of the import closes it. */
  ledger: () => Promise<Ledger>;
  /** Called if something must be priced. undefined: prices are not available, and usage is imported unpriced. */
  pricer: () => Promise<Pricer | undefined>;
  /** Fills in fields by rules of the user. Absent: none. */
  assign?: ((records: readonly UsageRecord[]) => Promise<void>) | undefined;
  /** Receives the state of a plan's quota, where the logs tell it. */
  onQuota?: ((samples: readonly QuotaSample[]) => Promise<void>) | undefined;
  /** ms since the epoch. */
  now: () => number;
  /** Skips earlier usage, ms since the epoch. */
  since?: number | undefined;
  /** Restricts the import to these files and folders below the places, as paths with `/`. */
  within?: readonly string[] | undefined;
  /** Only reports the usage that would be imported, and stores nothing. */
  dryRun?: boolean | undefined;
  /** A second reader thread: its program (`readerThread.ts`), and the number of bytes from which it is worth its memory. */
  secondReader?: { program: string; from: number } | undefined;
  /** Accessed only if there is work that it could interrupt. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface ImportProgress {
  source: string;
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  /** Usages found, whether new or not. */
  seen: number;
}

export interface ImportReport {
  source: string;
  title: string;
  /** The folders or files searched. */
  places: { path: string; files: number }[];
  files: number;
  /** Number of files that had not changed since the last import. */
  unchanged: number;
  /** Number of bytes read. */
  bytes: number;
  added: number;
  /** Records whose content changed, usually because a reply had grown. */
  updated: number;
  /** Number of added and updated records without a known price. */
  unpriced: number;
  /** Number of added and updated records priced like another model. */
  assumed: number;
  /** Number of skips by reason. */
  skipped: Partial<Record<SkipReason, number>>;
  /** The first of them. */
  skips: Skip[];
}

export function emptyReport({ id, title }: Source): ImportReport {
  return {
    source: id,
    title,
    places: [],
    files: 0,
    unchanged: 0,
    bytes: 0,
    added: 0,
    updated: 0,
    unpriced: 0,
    assumed: 0,
    skipped: {},
    skips: [],
  };
}

/** Takes skips out of a report. */
export function withdrawSkips(report: ImportReport, skips: readonly Skip[]): void {
  const { skipped } = report;
  for (const { reason } of skips) {
    const left = (skipped[reason] ?? 0) - 1;
    if (left > 0) skipped[reason] = left;
    else delete skipped[reason];
  }
  const taken = new Set(skips);
  report.skips = report.skips.filter((skip) => !taken.has(skip));
}

/** Passes on what the files tell of a plan's quota. */
export async function reportQuota(
  source: Source,
  files: readonly SourceFile[],
  { onQuota, dryRun, now }: ImportOptions,
): Promise<void> {
  if (onQuota === undefined || dryRun === true) return;
  const samples = source.quota?.(files, now()) ?? [];
  if (samples.length > 0) await onQuota(samples);
}
