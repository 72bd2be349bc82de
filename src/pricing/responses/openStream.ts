import type { JsonObject } from './json.ts';

/** A response that was complete in the text, or was assembled from the events of a stream. */
export interface Assembled {
  response: unknown;
  /** Whether it was streamed. */
  streamed: boolean;
  /** Whether the stream ends before its last event, so that its counts are not final. */
  cut: boolean;
}

/** A response that is being assembled. */
export interface OpenStream extends Assembled {
  response: JsonObject;
}

/** Opens a stream. `streamed` is false if a single event looks the same as a response that was not streamed. */
export type StartStream = (key: string, response: JsonObject, streamed?: boolean) => OpenStream;

/** Adds a value to the stream that it belongs to; returns false if it is not an event of this kind. */
export type EventReader = (value: JsonObject, open: Map<string, OpenStream>, start: StartStream) => boolean;
