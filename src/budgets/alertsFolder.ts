import { dirname, join } from 'node:path';
import { defaultLedgerPath } from '../system/paths.ts';

/** The folder of claims, snoozes and permissions, in the config folder. */
export function alertsFolder(folder: string = dirname(defaultLedgerPath())): string {
  return join(folder, 'alerts');
}
