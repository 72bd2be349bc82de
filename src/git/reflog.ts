import type { RefMove } from './history.ts';

const LINE = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.*?)<([^>\n]*)> (\d{1,15}) [+-]\d{4}(?:\t(.*))?$/;

/** Parses a file of `.git/logs`. Incomplete and damaged lines are skipped, as git does. */
export function parseReflog(text: string): RefMove[] {
  const moves: RefMove[] = [];
  for (const line of text.split('\n')) {
    const [, from, to, , email, seconds, action = ''] = LINE.exec(line) ?? [];
    if (from === undefined || to === undefined) continue;
    moves.push({
      from: isNull(from) ? '' : from,
      to: isNull(to) ? '' : to,
      at: Number(seconds) * 1000,
      email: email ?? '',
      action,
    });
  }
  return moves;
}

function isNull(hash: string): boolean {
  return /^0+$/.test(hash);
}
