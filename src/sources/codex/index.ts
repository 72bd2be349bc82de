import { codexQuota } from './quota.ts';
import { join } from 'node:path';
import type { UsageRecord } from '../../usage/record.ts';
import { isEarlier } from '../record.ts';
import { keepPreferred } from '../source.ts';
import type { Source, SourceEnvironment, SourceFile } from '../source.ts';
import { folderOf, homeOf } from './home.ts';
import { isCompressed, isSessionFile } from './compressed.ts';
import { readCompressed } from './compressedSession.ts';
import { CodexLines, mayChange } from './rollout.ts';

/**
 * Codex: one JSONL file ("rollout") per session, in `sessions/` and, once archived, in `archived_sessions/`.
 *
 * Counts are cumulative, with the last call's beside them. Files of agents and forks begin with a replay of the session that
 * they come from. Branched sessions contain copies of earlier events. `docs/sources.md` explains what counts.
 */
export const codex: Source = {
  id: 'codex',
  title: 'Codex',
  locate: ({ env, home }: SourceEnvironment): string[] => {
    const given = (env['CODEX_HOME'] ?? '')
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '');
    const homes = given.length > 0 ? given : [join(home, '.codex')];
    return homes.flatMap((folder) => [join(folder, 'sessions'), join(folder, 'archived_sessions')]);
  },
  matches: isSessionFile,
  choose: (files) => {
    const active = new Set(files.flatMap((file) => (isArchived(file) ? [] : [`${homeOf(file)}\0${file.relative}`])));
    return files.filter((file) => !isArchived(file) || !active.has(`${homeOf(file)}\0${file.relative}`));
  },
  reading: ({ path }) =>
    isCompressed(path)
      ? { kind: 'whole', read: (file, sink, room) => readCompressed(file, MARKERS, sink, room) }
      : { kind: 'lines', markers: MARKERS, parser: (file, state) => new CodexLines(file, state) },
  quota: codexQuota,
  mayChange,
  settle: (candidate, get) => keepPreferred(candidate, get, isPreferred),
};

const MARKERS = ['"token_count"', '"turn_context"', '"session_meta"', '"thread_settings_applied"', 'thread_spawn'];

function isArchived(file: SourceFile): boolean {
  return folderOf(file).endsWith('archived_sessions');
}

/**
 * The earliest of equal usages; for the same usage, the version with fields that earlier versions of this program did not read.
 */
function isPreferred(candidate: UsageRecord, there: UsageRecord): boolean {
  const isSame = candidate.timestamp === there.timestamp && candidate.session_id === there.session_id;
  if (!isSame) return isEarlier(candidate, there);
  return ['cache_write_tokens', 'service_tier'].some(
    (field) => candidate[field] !== undefined && there[field] === undefined,
  );
}
