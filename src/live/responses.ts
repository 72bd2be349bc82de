import { PbfWriter } from 'pbf';
import type { Encoding, Signal } from './otlp.ts';

/**
 * Builds the bodies of answers in the encoding of the request. Field numbers: opentelemetry-proto, `collector`, and
 * google.rpc.Status.
 */

const REJECTED = { logs: 'rejectedLogRecords', traces: 'rejectedSpans', metrics: 'rejectedDataPoints' } as const;

/** An empty answer, or a partial success with the number of rejected records. */
export function successBody(signal: Signal, encoding: Encoding, rejected: number, message: string): Uint8Array {
  if (encoding === 'json') {
    // 64-bit integers are strings in JSON.
    const partial = { [REJECTED[signal]]: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify(rejected === 0 ? {} : { partialSuccess: partial }));
  }
  const pbf = new PbfWriter();
  if (rejected > 0) {
    pbf.writeMessage(
      1,
      (_, inner) => {
        inner.writeVarintField(1, rejected);
        inner.writeStringField(2, message);
      },
      undefined,
    );
  }
  return pbf.finish();
}

/** A `google.rpc.Status`. */
export function errorBody(encoding: Encoding, code: number, message: string): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, code);
  pbf.writeStringField(2, message);
  return pbf.finish();
}
