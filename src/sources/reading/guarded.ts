import type { Sink } from '../source.ts';
import { messageOf } from './walk.ts';

/**
 * Reads one entry of a file. When that throws, as it does for JSON that is nested too deep to be written again, the entry
 * is skipped and named, and the entries after it are read.
 * @param line 1-based, as for the sink.
 */
export function guarded(sink: Sink, line: number | undefined, read: () => void): void {
  try {
    read();
  } catch (error) {
    sink.skip('invalid', messageOf(error), line);
  }
}
