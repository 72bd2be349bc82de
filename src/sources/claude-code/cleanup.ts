import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fieldsOf, parseJson } from '../fields.ts';
import type { SourceEnvironment } from '../source.ts';

/** Days that Claude Code keeps its logs unless its settings say otherwise. */
const DEFAULT_DAYS = 30;

/** The path of Claude Code's user settings. */
export function claudeSettingsPath({ env, home }: SourceEnvironment): string {
  const path = join(env['CLAUDE_CONFIG_DIR']?.split(',')[0]?.trim() || join(home, '.claude'), 'settings.json');
  return existsSync(path) ? realpathSync(path) : path;
}

/** Days after which Claude Code deletes logs, by its settings. */
export function cleanupDays(environment: SourceEnvironment): number {
  try {
    const settings = fieldsOf(parseJson(readFileSync(claudeSettingsPath(environment), 'utf8')));
    const days = settings?.['cleanupPeriodDays'];
    return typeof days === 'number' && days >= 0 ? days : DEFAULT_DAYS;
  } catch {
    return DEFAULT_DAYS;
  }
}
