import { PbfReader } from 'pbf';

/**
 * Decodes OTLP's binary encoding to the form of its JSON encoding. Only members that we use are read; field numbers are those
 * of opentelemetry-proto 1.x (`collector/{logs,trace}`, `logs/v1`, `trace/v1`, `common/v1`).
 */

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

type Fields = Record<string, unknown>;

/** @throws {Error} when the bytes are not a message of this kind. */
export function decodeLogs(bytes: Uint8Array): Fields {
  return { resourceLogs: groupsOf(bytes, 'scopeLogs', 'logRecords', readLogRecord) };
}

/** @throws {Error} when the bytes are not a message of this kind. */
export function decodeTraces(bytes: Uint8Array): Fields {
  return { resourceSpans: groupsOf(bytes, 'scopeSpans', 'spans', readSpan) };
}

type ReadRecord = (pbf: PbfReader) => Fields;

/** Both requests have the same nesting: resources (1), each with attributes (1) and scopes (2), each scope with records (2). */
function groupsOf(bytes: Uint8Array, scopes: string, records: string, readRecord: ReadRecord): Fields[] {
  const resources: Fields[] = [];
  const pbf = new PbfReader(bytes);
  pbf.readFields((tag) => {
    if (tag === 1) resources.push(message(pbf, (field, group) => readGroup(pbf, field, group)));
  }, undefined);
  if (pbf.pos !== bytes.length) throw new Error('the message is cut off');
  return resources;

  function readGroup(inner: PbfReader, field: number, group: Fields): void {
    if (field === 1) group['resource'] = message(inner, (tag, resource) => readAttributes(inner, tag, 1, resource));
    else if (field === 2) list(group, scopes).push(message(inner, (tag, scope) => readScope(inner, tag, scope)));
  }

  function readScope(inner: PbfReader, tag: number, scope: Fields): void {
    if (tag === 1) scope['scope'] = message(inner, (field, own) => readAttributes(inner, field, 3, own));
    else if (tag === 2) list(scope, records).push(readRecord(inner));
  }
}

function readLogRecord(pbf: PbfReader): Fields {
  return message(pbf, (tag, record) => {
    if (tag === 1) record['timeUnixNano'] = pbf.readFixed64();
    else if (tag === 5) record['body'] = readValue(pbf);
    else if (tag === 9) record['traceId'] = hex(pbf.readBytes());
    else if (tag === 10) record['spanId'] = hex(pbf.readBytes());
    else if (tag === 11) record['observedTimeUnixNano'] = pbf.readFixed64();
    else if (tag === 12) record['eventName'] = pbf.readString();
    else readAttributes(pbf, tag, 6, record);
  });
}

function readSpan(pbf: PbfReader): Fields {
  return message(pbf, (tag, span) => {
    if (tag === 1) span['traceId'] = hex(pbf.readBytes());
    else if (tag === 2) span['spanId'] = hex(pbf.readBytes());
    else if (tag === 4) span['parentSpanId'] = hex(pbf.readBytes());
    else if (tag === 5) span['name'] = pbf.readString();
    else if (tag === 7) span['startTimeUnixNano'] = pbf.readFixed64();
    else if (tag === 8) span['endTimeUnixNano'] = pbf.readFixed64();
    else if (tag === 15) span['status'] = message(pbf, (field, status) => readStatus(pbf, field, status));
    else readAttributes(pbf, tag, 9, span);
  });
}

function readStatus(pbf: PbfReader, tag: number, status: Fields): void {
  if (tag === 3) status['code'] = pbf.readVarint();
}

function readAttributes(pbf: PbfReader, tag: number, wanted: number, owner: Fields): void {
  if (tag === wanted) list(owner, 'attributes').push(readKeyValue(pbf));
}

function readKeyValue(pbf: PbfReader): KeyValue {
  const pair: KeyValue = { key: '', value: {} };
  readMessage(pbf, (tag) => {
    if (tag === 1) pair.key = pbf.readString();
    else if (tag === 2) pair.value = readValue(pbf);
  });
  return pair;
}

/** Arrays, maps and bytes are omitted: no attribute that we use is one, and they may be nested without limit. */
function readValue(pbf: PbfReader): Fields {
  return message(pbf, (tag, value) => {
    if (tag === 1) value['stringValue'] = pbf.readString();
    else if (tag === 2) value['boolValue'] = pbf.readBoolean();
    else if (tag === 3) value['intValue'] = pbf.readVarint(true);
    else if (tag === 4) value['doubleValue'] = pbf.readDouble();
  });
}

function message(pbf: PbfReader, read: (tag: number, fields: Fields) => void): Fields {
  const fields: Fields = {};
  readMessage(pbf, (tag) => read(tag, fields));
  return fields;
}

/** Unlike pbf's own function, it refuses a message whose content does not end where its length says. */
function readMessage(pbf: PbfReader, read: (tag: number) => void): void {
  const end = pbf.readVarint() + pbf.pos;
  if (end > pbf.length) throw new Error('the message is cut off');
  pbf.readFields(read, undefined, end);
  if (pbf.pos !== end) throw new Error('a field is longer than the message that contains it');
}

function list(owner: Fields, name: string): unknown[] {
  return (owner[name] ??= []) as unknown[];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
