import { fieldsOf, parseJson, textOf, type Fields } from '../sources/fields.ts';
import { conventional } from '../sources/otel/otherNames.ts';
import { attributesOf } from '../sources/otel/spans.ts';
import { decodeLogs, decodeTraces } from './protobuf.ts';

/** Decodes OTLP requests to records: https://opentelemetry.io/docs/specs/otlp/, JSON and binary. */

/** The content of a request, from the path that it is sent to. */
export type Signal = 'logs' | 'traces' | 'metrics';
export type Encoding = 'json' | 'protobuf';

/** A log record or span. */
export interface OtlpRecord {
  signal: 'logs' | 'traces';
  /** In the form of OTLP's JSON. */
  record: Fields;
  /** Its attributes by name. Arrays, maps and bytes are omitted. */
  attributes: Fields;
  /** The attributes of the sending program, and of the library that instruments it. */
  resource: Fields;
}

/** A body that is not OTLP. The sender must not send it again. */
export class NotOtlpError extends Error {
  override readonly name = 'NotOtlpError';
}

const GROUPS = {
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
} as const;

/** @throws {NotOtlpError} when the body is not a request of this signal. */
export function recordsOf(signal: 'logs' | 'traces', encoding: Encoding, body: Buffer): OtlpRecord[] {
  const [outer, middle, inner] = GROUPS[signal];
  const request = encoding === 'json' ? jsonOf(body, outer) : binaryOf(signal, body);
  const records: OtlpRecord[] = [];
  for (const group of listOf(request, outer)) {
    const resource = attributesOf(fieldsOf(group['resource'])?.['attributes']) ?? {};
    for (const scope of listOf(group, middle)) {
      const own = attributesOf(fieldsOf(scope['scope'])?.['attributes']);
      const around = own === undefined ? resource : { ...own, ...resource };
      for (const record of listOf(scope, inner)) {
        const attributes = attributesOf(record['attributes']) ?? {};
        const named = signal === 'traces' ? conventional(attributes) : attributes;
        records.push({ signal, record, attributes: named, resource: around });
      }
    }
  }
  return records;
}

function jsonOf(body: Buffer, list: string): Fields {
  const request = fieldsOf(parseJson(body.toString('utf8').replace(/^\uFEFF/, '')));
  if (request === undefined) throw new NotOtlpError('The body is not a JSON object.');
  // Calls that are sent to the path of another signal would be lost without a word.
  if (request[list] === undefined && Object.keys(request).length > 0) {
    throw new NotOtlpError(`The body has no ${list}. Send it to the path of its signal.`);
  }
  return request;
}

function binaryOf(signal: 'logs' | 'traces', body: Buffer): Fields {
  try {
    return signal === 'logs' ? decodeLogs(body) : decodeTraces(body);
  } catch (error) {
    throw new NotOtlpError(`The body is not an OTLP message: ${(error as Error).message}.`);
  }
}

/** A missing list is empty. @throws {NotOtlpError} when the member is not a list of objects. */
function listOf(owner: Fields, name: string): Fields[] {
  const value = owner[name];
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value.map(fieldsOf) : [undefined];
  if (list.includes(undefined)) throw new NotOtlpError(`${name} must be a list of objects.`);
  return list as Fields[];
}

/** The name of an event: an attribute in older exporters, a field of the record in newer ones, or the text of its body. */
export function eventOf({ record, attributes }: OtlpRecord): string | undefined {
  const body = fieldsOf(record['body']);
  return textOf(attributes['event.name']) ?? textOf(record['eventName']) ?? textOf(body?.['stringValue']);
}
