import { join } from 'node:path';
import { keepLarger, type Source } from '../source.ts';
import { readMessageFile, readMessages } from './messages.ts';

/**
 * OpenCode: an SQLite database of messages, in one table or, since its version 2, in another; earlier versions wrote one JSON
 * file per message.
 */
export const openCode: Source = {
  id: 'opencode',
  title: 'OpenCode',
  locate: ({ env, home }) => [
    env['OPENCODE_DATA_DIR'] ?? join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'opencode'),
  ],
  matches: (relative) => DATABASE.test(relative) || /^storage\/message\/.*\.json$/.test(relative),
  reading: ({ relative }) => {
    const read = DATABASE.test(relative) ? readMessages : readMessageFile;
    return { kind: 'whole', read: (file, sink) => read('opencode-log', file, sink) };
  },
  // A message in both places is more complete in the database, where it is finished; if it was copied, both are equal.
  settle: keepLarger,
};

const DATABASE = /^opencode(-[\w-]+)?\.db$/;
