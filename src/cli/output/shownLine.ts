import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { languageOf } from '../../language/languageOf.ts';
import { homeFolder } from '../../system/paths.ts';

/**
 * Caches the last status line as long as nothing changes: Claude Code asks several times a second, and opening ledgers takes
 * longer than starting this process.
 */

/** The fields used of those that Claude Code passes on stdin. */
export interface StatusInput {
  session_id?: unknown;
  transcript_path?: unknown;
  model?: { display_name?: unknown };
  cost?: { total_cost_usd?: unknown };
  rate_limits?: unknown;
}

/** While a session writes, the line is not updated more often than this. */
const BURST_MS = 1_000;
/** A line shows times, which become outdated. */
const FRESH_MS = 30_000;

export interface Shown {
  key: string;
  /** Version of the transcript and the ledgers for which the line was made. */
  version: string;
  at: number;
  line: string;
  /** The files covered by `version`. */
  files: string[];
}

/** Returns the cached line if it is still valid. */
export function shownLine(argv: readonly string[], input: string, now: number): string | undefined {
  try {
    const path = statuslinePath(argv, input);
    // The temporary folder is shared with other users, so only a file of ours is read, and no link is followed.
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.uid !== (process.getuid?.() ?? 0)) return undefined;
    const shown = JSON.parse(readFileSync(path, 'utf8')) as Shown;
    const age = now - shown.at;
    if (shown.key !== statuslineKey(argv, input) || !(age >= 0 && age < FRESH_MS)) return undefined;
    return age < BURST_MS || filesVersion(shown.files) === shown.version ? shown.line : undefined;
  } catch {
    return undefined;
  }
}

export function parseStatusInput(text: string): StatusInput {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** One file per session, in the user's cache folder if there is one. */
export function statuslinePath(argv: readonly string[], input: string): string {
  const folder = process.env['XDG_RUNTIME_DIR'] ?? process.getBuiltinModule('node:os').tmpdir();
  return join(folder, `llm-spend-statusline-${nameOf(`${homeFolder()}\0${statuslineKey(argv, input)}`)}.json`);
}

/**
 * A short name for a key, by FNV-1a. Keys with the same name merely replace each other's line, since the file contains its key.
 * `node:crypto` would take longer to load than everything else here.
 */
function nameOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** Everything that the line depends on apart from files and the time. */
export function statuslineKey(argv: readonly string[], input: string): string {
  const { session_id: session, model } = parseStatusInput(input);
  const { LLM_SPEND_LEDGER: ledger, TZ: zone } = process.env;
  const language = languageOf(process.env);
  return JSON.stringify([argv, session, model?.display_name, ledger, zone, language]);
}

export function filesVersion(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
    })
    .join();
}
