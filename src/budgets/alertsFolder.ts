import { dirname, join } from 'node:path';
import { defaultLedgerPath } from '../system/paths.ts';

/** The folder of claims, snoozes and permissions, in the config folder. */
export function alertsFolder(folder: string = dirname(defaultLedgerPath())): string {
  return join(folder, 'alerts');
}

/** A local day has at most 25 hours. What lasts until tomorrow and ends later than that was set under a wrong clock. */
const LONGEST_DAY_MS = 26 * 3_600_000;

/** Whether something that ends tomorrow at the latest still lasts. */
export function lasts(until: unknown, now: number): until is number {
  return typeof until === 'number' && until > now && until <= now + LONGEST_DAY_MS;
}
