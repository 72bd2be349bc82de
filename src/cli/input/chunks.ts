import type { Readable } from 'node:stream';

/**
 * What a stream has to give, each time as much as is there, until it ends or `stopped` aborts. Aborting still hands out
 * what had been read by then: it has left the pipe, and nobody else could record it.
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
