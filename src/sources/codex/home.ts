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
    return /^\s*service_tier\s*=\s*["'](\w+)["']/m.exec(config)?.[1];
  } catch {
    return undefined;
  }
}

/** The address of a provider that the configuration defines; undefined where it does not. */
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

/** A tier as providers call it: what Codex calls fast is processed with priority. undefined: the usual one. */
export function tierOf(name: string | undefined): string | undefined {
  if (name === undefined || name === 'default' || name === 'standard' || name === 'auto') return undefined;
  return name === 'fast' ? 'priority' : name;
}
