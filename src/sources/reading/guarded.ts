import type { Sink } from '../source.ts';
import { messageOf } from './walk.ts';

/**
 * Reads one entry of a file. If that throws, for example for JSON nested too deeply to be written again, the entry is skipped
 * and reported, and reading continues.
 * @param line 1-based, as for the sink.
 * @param read receives a sink to which this line need not be passed.
 */
export function guarded(sink: Sink, line: number | undefined, read: (named: Sink) => void): void {
  try {
    read(line === undefined ? sink : named(sink, line));
  } catch (error) {
    sink.skip('invalid', messageOf(error), line);
  }
}

function named(sink: Sink, line: number): Sink {
  return {
    usage: (found, own = line) => sink.usage(found, own),
    skip: (reason, detail, own = line) => sink.skip(reason, detail, own),
  };
}
