import { join } from 'node:path';
import type { UsageRecord } from '../../usage/record.ts';
import { textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { isEarlier } from '../record.ts';
import type { Lookup, Source, SourceEnvironment } from '../source.ts';
import { ClaudeLines, USAGE_MARKER, SOURCE } from './lines.ts';

/**
 * Claude Code: one JSONL file per session below `projects/`, and one below `<session>/subagents/` for each of its agents.
 *
 * Replies are streamed: each has several lines with growing counts. Sidechains (`/btw`, agents) repeat messages of their parent
 * under request ids of their own. `docs/sources.md` explains what counts.
 */
export const claudeCode: Source = {
  id: 'claude-code',
  title: 'Claude Code',
  locate: ({ env, home }: SourceEnvironment): string[] => {
    const given = (env['CLAUDE_CONFIG_DIR'] ?? '')
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '');
    if (given.length > 0) {
      return given.map((path) => {
        const folder = path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
        return /[\\/]projects[\\/]?$/.test(folder) ? folder : join(folder, 'projects');
      });
    }
    return [
      join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'claude', 'projects'),
      join(home, '.claude', 'projects'),
    ];
  },
  matches: (relative) => relative.endsWith('.jsonl'),
  reading: () => ({ kind: 'lines', markers: [USAGE_MARKER], parser: (file, state) => new ClaudeLines(file, state) }),
  settle,
};

/**
 * One record per (message, request), the largest; for a message that occurs only in sidechains, a single one; and never a
 * sidechain's in addition to the real one.
 *
 * The record whose id depends only on the message is that of the first request id in order, or of the sidechain; those of
 * further request ids have ids of their own; a line without a request id belongs to the first one. So every rule needs only one
 * or two look-ups, and the order in which files are read does not matter.
 */
function settle(candidate: UsageRecord, get: Lookup): readonly UsageRecord[] {
  const there = get(candidate.usage_id);
  const messageId = textOf(candidate['message_id']);
  if (there === undefined) return [candidate];
  if (messageId === undefined) return [];
  if (isSidechain(candidate)) return isSidechain(there) && isLarger(candidate, there) ? [candidate] : [];
  if (isSidechain(there)) return [candidate];
  const [request, taken] = [requestOf(candidate), requestOf(there)];
  if (request === taken) return isLarger(candidate, there) ? [candidate] : [];
  if (request === '' || taken === '') return withoutRequest(candidate, there);
  const other = { ...(request < taken ? there : candidate) };
  other.usage_id = usageId(SOURCE, [messageId, requestOf(other)]);
  const known = get(other.usage_id);
  const moved = known === undefined || isLarger(other, known) ? [other] : [];
  return request < taken ? [candidate, ...moved] : moved;
}

/** Some copies of a message lack its request id: the call is the same, so the larger counts, with the request that one has. */
function withoutRequest(candidate: UsageRecord, there: UsageRecord): readonly UsageRecord[] {
  const counted = isLarger(candidate, there) ? candidate : there;
  const named = requestOf(candidate) === '' ? there : candidate;
  return counted === there && named === there ? [] : [{ ...counted, request_id: named['request_id'] ?? null }];
}

function isSidechain(record: UsageRecord): boolean {
  return record['sidechain'] === true;
}

function requestOf(record: UsageRecord): string {
  return textOf(record['request_id']) ?? '';
}

function isLarger(candidate: UsageRecord, there: UsageRecord): boolean {
  const [calls, before] = [callsIn(candidate), callsIn(there)];
  if (calls !== before) return calls > before;
  if (candidate.total_tokens !== there.total_tokens) return candidate.total_tokens > there.total_tokens;
  const [speed, known] = [candidate['speed'] !== undefined, there['speed'] !== undefined];
  return speed === known ? isEarlier(candidate, there) : speed;
}

/** Number of billed calls in the line of a record: while a reply grows, its last line has all of them. */
function callsIn(record: UsageRecord): number {
  return typeof record['iterations'] === 'number' ? record['iterations'] : 0;
}
