import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomHex } from '../ledger/random.ts';

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
    const path = cachePath(input);
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
  const path = cachePath(input);
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

/** One file a session, in the person's own cache folder where there is one. A file that serves two has the key of one. */
function cachePath(input: string): string {
  const folder = process.env['XDG_RUNTIME_DIR'] ?? tmpdir();
  const session = String(parseStatusInput(input).session_id ?? '')
    .replaceAll(/[^\w-]/g, '')
    .slice(0, 64);
  return join(folder, `llm-spend-statusline-${process.getuid?.() ?? 0}-${session}.json`);
}

/** What else the line depends on than files and the time. */
function keyOf(argv: readonly string[], input: string): string {
  const { session_id: session, model } = parseStatusInput(input);
  const { LLM_SPEND_LEDGER: ledger, TZ: zone } = process.env;
  return JSON.stringify([homedir(), argv, session, model?.display_name, ledger, zone]);
}

function signatureOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
    })
    .join();
}
