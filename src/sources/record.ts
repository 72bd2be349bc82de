import { shortFolder } from '../system/paths.ts';
import { MAX_LABEL } from '../usage/limits.ts';
import { projectOf } from './fields.ts';
import type { UsageRecord } from '../usage/record.ts';

/** Token counts as stored in a record. */
export interface LogTokens {
  /** Includes cache reads and writes. */
  input: number;
  output: number;
  cacheRead?: number | undefined;
  /** Includes those cached for an hour. */
  cacheWrite?: number | undefined;
  cacheWrite1h?: number | undefined;
  /** Part of the output. */
  reasoning?: number | undefined;
  /** How many of all these are a guess. */
  estimated?: number | undefined;
}

export interface LogUsage {
  usageId: string;
  /** The recorder: `claude-code-log`. */
  source: string;
  provider: string;
  model: string;
  operation: string;
  timestamp: string;
  tokens: LogTokens;
  /** The project of a call without a working folder. Otherwise it is the last part of the folder. */
  project?: string | undefined;
  /** The working folder, as the log names it. */
  folder?: string | undefined;
  branch?: string | undefined;
  session?: string | undefined;
  /** Further fields, stored unchanged. */
  more?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Fields of a record that represents a whole session, whose tool sums up calls without logging the time of each. The record
 * grows with the session and counts on the day when the session began. No long-context price is applied, because that depends
 * on a single call.
 */
export const WHOLE_SESSION = { whole_session: true } as const;

/** Consecutive lines usually have the same folder. */
let lastFolder = { given: '', short: '' };

function shortened(given: string): string {
  if (lastFolder.given !== given) lastFolder = { given, short: shortFolder(given).slice(0, MAX_LABEL) };
  return lastFolder.short;
}

/** A record without a cost. Unknown values have no field. */
export function logRecord(usage: LogUsage): UsageRecord {
  const { tokens } = usage;
  const record: UsageRecord = {
    usage_id: usage.usageId,
    provider: usage.provider,
    model: usage.model,
    operation: usage.operation,
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    total_tokens: tokens.input + tokens.output,
    cost_usd: 0,
    cost_known: false,
    billing_mode: 'runtime_managed',
    timestamp: usage.timestamp,
  };
  if (tokens.cacheRead) record.cache_read_tokens = tokens.cacheRead;
  if (tokens.cacheWrite) record.cache_write_tokens = tokens.cacheWrite;
  if (tokens.cacheWrite1h) record.cache_write_1h_tokens = tokens.cacheWrite1h;
  if (tokens.reasoning) record.reasoning_tokens = tokens.reasoning;
  if (tokens.estimated) record.estimated_tokens = tokens.estimated;
  const project = projectOf(usage.folder) ?? usage.project;
  if (project !== undefined) record.project = project;
  if (usage.branch !== undefined) record.branch = usage.branch;
  if (usage.session !== undefined) record.session_id = usage.session;
  if (usage.folder !== undefined) record['folder'] = shortened(usage.folder);
  record.source = usage.source;
  const { more } = usage;
  if (more === undefined) return record;
  // Not with Object.entries, whose arrays would be much of an import's garbage.
  for (const field of Object.keys(more)) if (more[field] !== undefined) record[field] = more[field];
  return record;
}

/**
 * The line that a record keeps beside the one that counts, as a record, because it may count after all when more of the log is
 * read.
 */
export function keptLine({ named_line: line }: UsageRecord): UsageRecord | undefined {
  return typeof line === 'object' && line !== null ? (line as UsageRecord) : undefined;
}

/** A total order that selects the same one of equal usages in different files, whichever is found first. */
export function isEarlier(a: UsageRecord, b: UsageRecord): boolean {
  const left = Date.parse(a.timestamp);
  const right = Date.parse(b.timestamp);
  if (left !== right) return left < right;
  return (a.session_id ?? '') < (b.session_id ?? '');
}
