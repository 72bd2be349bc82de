import type { Readable } from 'node:stream';

/**
 * Yields a stream's data as it arrives, until it ends or `stopped` aborts. After an abort it still yields the data already
 * read: it has left the pipe, so no other process could record it.
 */
export async function* chunks(stream: Readable, stopped: AbortSignal): AsyncGenerator<Uint8Array> {
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => {};
  const end = (): void => {
    ended = true;
    wake();
  };
  const fail = (error: Error): void => {
    failure = error;
    end();
  };
  const more = (): void => wake();
  stream.on('end', end).on('close', end).on('error', fail).on('readable', more);
  stopped.addEventListener('abort', more);
  try {
    for (;;) {
      const last = stopped.aborted;
      const chunk = stream.read() as Uint8Array | null;
      if (chunk !== null) yield chunk;
      if (last) return;
      if (chunk !== null) continue;
      if (failure !== undefined) throw failure;
      if (ended) return;
      if (!stopped.aborted) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stopped.removeEventListener('abort', more);
    stream.off('end', end).off('close', end).off('error', fail).off('readable', more);
    stream.destroy();
  }
}
