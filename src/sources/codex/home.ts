import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SourceFile } from '../source.ts';

/** The log folder that contains a file: `sessions` or `archived_sessions`. */
export function folderOf({ path, relative }: SourceFile): string {
  return path.slice(0, path.length - relative.length - 1);
}

export function homeOf(file: SourceFile): string {
  return dirname(folderOf(file));
}

/** The service tier in the configuration; a log contains it only if it was changed. */
export function configuredTier(home: string): string | undefined {
  try {
    const config = readFileSync(join(home, 'config.toml'), 'utf8');
    return /^\s*service_tier\s*=\s*["']([^"'\n]+)["']/m.exec(config)?.[1];
  } catch {
    return undefined;
  }
}

/** The address of a provider defined in the configuration; undefined if it is not defined. */
export function configuredEndpoint(home: string, provider: string): string | undefined {
  try {
    const config = readFileSync(join(home, 'config.toml'), 'utf8');
    const tables = config.split(/^\s*\[/m);
    const names = [`model_providers.${provider}]`, `model_providers."${provider}"]`];
    const table = tables.find((text) => names.some((name) => text.startsWith(name)));
    return /^\s*base_url\s*=\s*["']([^"']+)["']/m.exec(table ?? '')?.[1];
  } catch {
    return undefined;
  }
}

/** Maps a tier to the providers' name: Codex's fast mode uses priority processing. undefined: the default tier. */
export function tierOf(name: string | undefined): string | undefined {
  if (name === undefined || name === 'default' || name === 'standard' || name === 'auto') return undefined;
  return name === 'fast' ? 'priority' : name;
}
