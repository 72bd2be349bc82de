import { join } from 'node:path';
import type { UsageRecord } from '../../usage/record.ts';
import { textOf } from '../fields.ts';
import type { Lookup, Source, SourceEnvironment } from '../source.ts';
import { ClaudeLines, USAGE_MARKER } from './lines.ts';
import { isLarger, settleOther, settleRequests } from './requests.ts';

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
 * The record whose id depends only on the message is that of the first request id in order, or of the sidechain. So every rule
 * needs only a few look-ups, and the order in which files are read does not matter.
 */
function settle(candidate: UsageRecord, get: Lookup): readonly UsageRecord[] {
  const there = get(candidate.usage_id);
  const messageId = textOf(candidate['message_id']);
  if (there === undefined) return settleOther(candidate, get);
  if (messageId === undefined) return [];
  if (isSidechain(candidate)) return isSidechain(there) && isLarger(candidate, there) ? [candidate] : [];
  if (isSidechain(there)) return [candidate];
  return settleRequests(candidate, there, get);
}

function isSidechain(record: UsageRecord): boolean {
  return record['sidechain'] === true;
}
