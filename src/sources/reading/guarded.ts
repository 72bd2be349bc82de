import type { Sink } from '../source.ts';
import { messageOf } from './walk.ts';

/**
 * Reads one entry of a file. If that throws, for example for JSON nested too deeply to be written again, the entry is skipped
 * and reported, and reading continues.
 * @param line 1-based, as for the sink.
 */
export function guarded(sink: Sink, line: number | undefined, read: () => void): void {
  try {
    read();
  } catch (error) {
    sink.skip('invalid', messageOf(error), line);
  }
}
