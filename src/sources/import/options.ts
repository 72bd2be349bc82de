import type { Ledger } from '../../ledger/ledger.ts';
import type { Pricer } from '../../pricing/price.ts';
import type { Skip, SkipReason, Source } from '../source.ts';

/** What an import is given, and what it reports. */

export interface ImportOptions {
  /** The ledger's file. */
  path: string;
  /** Opens it; asked when it has to be looked into, so not where nothing is new. Who gives it closes it. */
  ledger: () => Promise<Ledger>;
  /** Asked when there is something to price. undefined: no prices can be had, and what is imported stays unpriced. */
  pricer: () => Promise<Pricer | undefined>;
  /** ms since the epoch. */
  now: () => number;
  /** Leaves out what was used before, ms since the epoch. */
  since?: number | undefined;
  /** Looks only at these files and folders below the places, as paths with `/`. */
  within?: readonly string[] | undefined;
  /** Says what would be imported, and stores nothing. */
  dryRun?: boolean | undefined;
  /** A second thread that reads: its program (`readerThread.ts`), and from how many bytes on it is worth its memory. */
  secondReader?: { program: string; from: number } | undefined;
  /** Asked for when there is something that it could cut short. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface ImportProgress {
  source: string;
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  /** Usages that were found, before it is known which are new. */
  seen: number;
}

export interface ImportReport {
  source: string;
  title: string;
  /** The folders or files that were looked into. */
  places: { path: string; files: number }[];
  files: number;
  /** Files that had not changed since the last import. */
  unchanged: number;
  /** Bytes that were read. */
  bytes: number;
  added: number;
  /** Records that say something else now, mostly because a reply had grown. */
  updated: number;
  /** Of the added and updated: without a known price. */
  unpriced: number;
  /** How often each happened. */
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
    skipped: {},
    skips: [],
  };
}
