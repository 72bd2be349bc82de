import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SourceFile } from '../source.ts';

/** The folder of the logs that a file belongs to: `sessions` or `archived_sessions`. */
export function folderOf({ path, relative }: SourceFile): string {
  return path.slice(0, path.length - relative.length - 1);
}

export function homeOf(file: SourceFile): string {
  return dirname(folderOf(file));
}

/** The service tier that the configuration asks for; a log says it only where it was changed. */
export function configuredTier(home: string): string | undefined {
  try {
    const config = readFileSync(join(home, 'config.toml'), 'utf8');
    return /^\s*service_tier\s*=\s*["'](\w+)["']/m.exec(config)?.[1];
  } catch {
    return undefined;
  }
}

/** A tier as providers call it: what Codex calls fast is processed with priority. undefined: the usual one. */
export function tierOf(name: string | undefined): string | undefined {
  if (name === undefined || name === 'default' || name === 'standard' || name === 'auto') return undefined;
  return name === 'fast' ? 'priority' : name;
}
