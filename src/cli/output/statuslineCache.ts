import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { homeFolder } from '../../system/paths.ts';

/**
 * Keeps the status line that was shown last, for as long as nothing changed: Claude Code asks several times a second, and
 * opening ledgers takes longer than starting this process.
 */

/** The fields that Claude Code passes on stdin and that matter here. */
export interface StatusInput {
  session_id?: unknown;
  transcript_path?: unknown;
  model?: { display_name?: unknown };
  cost?: { total_cost_usd?: unknown };
}

/** Even while a session writes, the line need not change more often than this. */
const BURST_MS = 1_000;
/** A line shows times, which go out of date. */
const FRESH_MS = 30_000;

export interface Shown {
  key: string;
  /** Of the transcript and the ledgers when the line was made. */
  version: string;
  at: number;
  line: string;
  /** The files whose version was taken. */
  files: string[];
}

/** The line that was shown last, if it still holds. */
export function shownLine(argv: readonly string[], input: string, now: number): string | undefined {
  try {
    const path = cachePath(argv, input);
    // The temporary folder is shared with other users: only a file of ours is read, and no link is followed.
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.uid !== (process.getuid?.() ?? 0)) return undefined;
    const shown = JSON.parse(readFileSync(path, 'utf8')) as Shown;
    const age = now - shown.at;
    if (shown.key !== keyOf(argv, input) || !(age >= 0 && age < FRESH_MS)) return undefined;
    return age < BURST_MS || versionOf(shown.files) === shown.version ? shown.line : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a line for {@link shownLine}. A line that cannot be kept makes the next one slower, nothing else. */
export async function keepLine(
  argv: readonly string[],
  input: string,
  shown: Omit<Shown, 'key' | 'version'>,
): Promise<void> {
  const content: Shown = { ...shown, key: keyOf(argv, input), version: versionOf(shown.files) };
  await writeFileAtomically(cachePath(argv, input), JSON.stringify(content), { durable: false }).catch(() => undefined);
}

export function parseStatusInput(text: string): StatusInput {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** One file a session, in the person's own cache folder where there is one. */
function cachePath(argv: readonly string[], input: string): string {
  const folder = process.env['XDG_RUNTIME_DIR'] ?? process.getBuiltinModule('node:os').tmpdir();
  return join(folder, `llm-spend-statusline-${nameOf(`${homeFolder()}\0${keyOf(argv, input)}`)}.json`);
}

/**
 * A short name for a key, by FNV-1a: two keys with the same name only replace each other's line, since the file holds its
 * key. `node:crypto` would take longer to load than all the rest.
 */
function nameOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** What the line depends on, apart from files and the time. */
function keyOf(argv: readonly string[], input: string): string {
  const { session_id: session, model } = parseStatusInput(input);
  const { LLM_SPEND_LEDGER: ledger, TZ: zone } = process.env;
  return JSON.stringify([argv, session, model?.display_name, ledger, zone]);
}

function versionOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
    })
    .join();
}
