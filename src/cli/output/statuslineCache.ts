import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../../system/paths.ts';
import { randomHex } from '../../system/random.ts';

/**
 * The status line that was shown last, for as long as nothing happened: Claude Code asks several times a second, and
 * opening ledgers takes longer than starting this process.
 */

/** What Claude Code says on stdin, as far as it matters here. */
export interface StatusInput {
  session_id?: unknown;
  transcript_path?: unknown;
  model?: { display_name?: unknown };
  cost?: { total_cost_usd?: unknown };
}

/** Even while a session writes, the line need not change more often than this. */
const BURST_MS = 1_000;
/** Times that a line shows get old. */
const FRESH_MS = 30_000;

interface Shown {
  key: string;
  /** Of the transcript and the ledgers, as they were. */
  signature: string;
  at: number;
  line: string;
  /** The files whose signature was taken. */
  files: string[];
}

/** A line that still holds; undefined when it must be made anew. */
export function shownLine(argv: readonly string[], input: string, now: number): string | undefined {
  try {
    const path = cachePath(argv, input);
    // The temporary folder is everybody's.
    if (statSync(path).uid !== (process.getuid?.() ?? 0)) return undefined;
    const shown = JSON.parse(readFileSync(path, 'utf8')) as Shown;
    const age = now - shown.at;
    if (shown.key !== keyOf(argv, input) || !(age >= 0 && age < FRESH_MS)) return undefined;
    return age < BURST_MS || signatureOf(shown.files) === shown.signature ? shown.line : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a line. That it cannot be kept makes the next one slower, and nothing else. */
export function keepLine(argv: readonly string[], input: string, now: number, line: string, files: string[]): void {
  const path = cachePath(argv, input);
  const temporary = `${path}.${randomHex(6)}`;
  const shown: Shown = { key: keyOf(argv, input), signature: signatureOf(files), at: now, line, files };
  try {
    writeFileSync(temporary, JSON.stringify(shown), { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    rmSync(temporary, { force: true });
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

/** One file a session, in the person's own cache folder where there is one. */
function cachePath(argv: readonly string[], input: string): string {
  const folder = process.env['XDG_RUNTIME_DIR'] ?? process.getBuiltinModule('node:os').tmpdir();
  return join(folder, `llm-spend-statusline-${nameOf(`${homeFolder()}\0${keyOf(argv, input)}`)}.json`);
}

/**
 * A short name for a key, by FNV-1a: two keys that share one only make each other's line anew, since the file says whose
 * it is. `node:crypto` would take longer to load than all the rest.
 */
function nameOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** What else the line depends on than files and the time. */
function keyOf(argv: readonly string[], input: string): string {
  const { session_id: session, model } = parseStatusInput(input);
  const { LLM_SPEND_LEDGER: ledger, TZ: zone } = process.env;
  return JSON.stringify([argv, session, model?.display_name, ledger, zone]);
}

function signatureOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
    })
    .join();
}
