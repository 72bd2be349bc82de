import { readFileSync } from 'node:fs';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { errno } from '../../system/errno.ts';
import { claudeSettingsPath, cleanupDays } from '../../sources/claude-code/cleanup.ts';
import type { SourceEnvironment } from '../../sources/source.ts';
import { backupPath } from './connect.ts';
import { edited, SettingsError, valuesOf } from './edit.ts';

/** A year, which covers the reports that people make. */
export const KEPT_DAYS = 365;

export interface KeptLogs {
  file: string;
  /** Days before and after. */
  before: number;
  after: number;
}

/**
 * Makes Claude Code keep its logs for longer: `cleanupPeriodDays` in its user settings, all else byte for byte. The file as it was is kept
 * beside it. @throws {SettingsError} when the file is not valid.
 */
export async function keepClaudeLogs(environment: SourceEnvironment, days = KEPT_DAYS): Promise<KeptLogs> {
  const file = claudeSettingsPath(environment);
  const before = cleanupDays(environment);
  if (before >= days) return { file, before, after: before };
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw new SettingsError(`${file} cannot be read: ${(error as Error).message}.`);
  }
  valuesOf(text ?? '', 'jsonc', file);
  const after = edited(text ?? '', 'jsonc', [{ path: ['cleanupPeriodDays'], value: days }]);
  if (text !== undefined) await writeFileAtomically(backupPath(file), text);
  await writeFileAtomically(file, after);
  return { file, before, after: days };
}
