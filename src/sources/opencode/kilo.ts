import { join } from 'node:path';
import { foldersOr, xdgData } from '../reading/places.ts';
import type { Source } from '../source.ts';
import { keepLarger } from '../source.ts';
import { readMessageFile, readMessages } from './messages.ts';

/** Kilo's command line, a fork of OpenCode that keeps its messages in the same tables. */
export const kiloCli: Source = {
  id: 'kilo-cli',
  title: 'Kilo CLI',
  locate: (environment) => foldersOr(environment, 'KILO_DATA_DIR', join(xdgData(environment), 'kilo')),
  matches: (relative) => DATABASE.test(relative) || /^storage\/message\/.*\.json$/.test(relative),
  reading: ({ relative }) => {
    const read = DATABASE.test(relative) ? readMessages : readMessageFile;
    return { kind: 'whole', read: (file, sink) => read('kilo-cli-log', file, sink) };
  },
  settle: keepLarger,
};

const DATABASE = /^kilo(-[\w-]+)?\.db$/;
