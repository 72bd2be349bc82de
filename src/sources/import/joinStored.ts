import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Ledger } from '../../ledger/ledger.ts';
import { isBusy, sqliteEngine } from '../../ledger/sqlite/engine.ts';
import { besideLedger, makeFolders } from '../../system/paths.ts';
import { pause } from '../../system/disk.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { counterparts, hasTwoStores, Meeting, MEETING_MS } from '../joining.ts';

/** Joins reports of calls with the reports of the other kind in a ledger. */

const PAGE = 5_000;

function lockPath(ledger: string): string {
  return `${besideLedger(ledger)}.join`;
}

/** Whether live reports were ever recorded in this ledger, so that a log's reports may have a counterpart. */
function hasLiveReports(ledger: string): boolean {
  return existsSync(lockPath(ledger));
}

/**
 * Runs an action while no other process joins reports in this ledger. Without this, a log's report and a live report that
 * arrive at the same time would each miss the other. The lock is SQLite's own, so the system releases it when a process is
 * killed.
 */
export async function whileJoining<T>(ledger: string, action: () => Promise<T>): Promise<T> {
  const { DatabaseSync } = sqliteEngine();
  const path = lockPath(ledger);
  makeFolders(dirname(path));
  const lock = new DatabaseSync(path);
  try {
    lock.exec('PRAGMA busy_timeout = 0');
    for (;;) {
      try {
        lock.exec('BEGIN EXCLUSIVE');
        break;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      await pause(2 + Math.random() * 10);
    }
    return await action();
  } finally {
    lock.close();
  }
}

/** Stores a log's reports, each joined with the live report of the same call, or that of the log's other store, if there is one. */
export async function storeJoined(
  ledger: Ledger,
  reports: readonly UsageRecord[],
  store: (joined: readonly UsageRecord[]) => Promise<void>,
): Promise<void> {
  if (!hasLiveReports(ledger.ledger)) {
    // Each import of such a log reads both stores, so no other process needs to wait.
    const isJoined = reports.some(({ source }) => hasTwoStores(source));
    return store(isJoined ? await joinStored(ledger, reports) : reports);
  }
  await whileJoining(ledger.ledger, async () => store(await joinStored(ledger, reports)));
}

/** Replaces each report by its merger with a stored report of the same call. Reports without a counterpart are not changed. */
export async function joinStored(ledger: Ledger, reports: readonly UsageRecord[]): Promise<UsageRecord[]> {
  const sources = new Set(reports.flatMap(({ source }) => counterparts(source)));
  if (sources.size === 0) return [...reports];
  await ledger.refresh();
  const meeting = new Meeting(await storedNear(ledger, reports, [...sources]));
  return reports.map((report) => meeting.join(report) ?? report);
}

async function storedNear(
  ledger: Ledger,
  reports: readonly UsageRecord[],
  sources: readonly string[],
): Promise<UsageRecord[]> {
  const times = reports.map(({ timestamp }) => Date.parse(timestamp));
  const since = times.reduce((a, b) => Math.min(a, b)) - MEETING_MS;
  const until = times.reduce((a, b) => Math.max(a, b)) + MEETING_MS + 1;
  const stored: UsageRecord[] = [];
  for (;;) {
    const page = await ledger.page({
      filter: { since, until, values: { source: sources } },
      sort: 'time',
      descending: false,
      offset: stored.length,
      limit: PAGE,
    });
    for (const { record } of page.rows) stored.push(record);
    if (page.rows.length === 0 || stored.length >= page.total) return stored;
  }
}
