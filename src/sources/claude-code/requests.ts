import type { UsageRecord } from '../../usage/record.ts';
import { textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { isEarlier, keptLine } from '../record.ts';
import type { Lookup } from '../source.ts';
import { messageUsageId, SOURCE } from './lines.ts';

/**
 * The requests of one message. The record whose id depends only on the message is that of the first request id in order; those of
 * further requests have ids of their own.
 *
 * Copies of a message may lack its request id. Such a line is a copy of one of the requests, so it counts only if it is larger
 * than each of them, and then for the first one. To get the same records in any order, the first record names the other
 * requests (`other_requests`), and keeps its own line (`named_line`) while a larger one without a request id counts.
 */

/** The first record of a message, apart. */
interface First {
  /** The largest line of the first request id. */
  named: UsageRecord | undefined;
  /** The largest line without a request id, if it is larger than all others. */
  nameless: UsageRecord | undefined;
  /** Further request ids. */
  others: readonly string[];
}

/** More requests of one message are not listed. */
const MOST_LISTED = 50;

/**
 * The records to store for a record of a further request, which one choice among lines may have placed before another one knows
 * about it.
 */
export function settleOther(other: UsageRecord, get: Lookup): readonly UsageRecord[] {
  const messageId = textOf(other['message_id']);
  const firstId = messageId === undefined ? other.usage_id : messageUsageId(messageId);
  const first = firstId === other.usage_id ? undefined : get(firstId);
  if (first === undefined || keptLine(first) === undefined || sizeOrder(first, other) > 0) return [other];
  return [other, recordOf({ ...firstOf(first), nameless: undefined })];
}

/** The records to store for a line of a message, or for what an earlier choice left of its lines. */
export function settleRequests(candidate: UsageRecord, there: UsageRecord, get: Lookup): readonly UsageRecord[] {
  if (isPlain(candidate) && isPlain(there) && requestOf(candidate) === requestOf(there)) {
    return isLarger(candidate, there) ? settleOther(candidate, get) : [];
  }
  const [now, before] = [firstOf(candidate), firstOf(there)];
  const [request, taken] = [requestOf(now.named), requestOf(before.named)];
  const isOther = request !== '' && taken !== '' && request !== taken;
  const [low, high] = isOther && request < taken ? [now, before] : [before, now];
  const named = isOther ? low.named : largest(before.named, now.named);
  const others = listed([...before.others, ...now.others, ...(isOther ? [requestOf(high.named)] : [])], named);
  const changed: UsageRecord[] = [];
  if (isOther) {
    const other = { ...high.named!, usage_id: idOf(candidate, requestOf(high.named)) };
    const known = get(other.usage_id);
    if (known === undefined || isLarger(other, known)) changed.push(other);
  }
  const rivals = [named, high.named, ...others.map((each) => get(idOf(candidate, each)))];
  const larger = largest(before.nameless, now.nameless);
  const isLargest = larger !== undefined && rivals.every((each) => each === undefined || sizeOrder(larger, each) > 0);
  const nameless = isLargest ? larger : undefined;
  const isSame = named === before.named && nameless === before.nameless && others.length === before.others.length;
  return isSame ? changed : [recordOf({ named, nameless, others }), ...changed];
}

/** Whether a record is what one line says. */
function isPlain(record: UsageRecord): boolean {
  return record['named_line'] === undefined && record['other_requests'] === undefined;
}

function firstOf(record: UsageRecord): First {
  const line = keptLine(record);
  const { named_line: _, other_requests: list, ...own } = record;
  const others = Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
  const counted: UsageRecord = own;
  if (requestOf(record) === '') return { named: undefined, nameless: counted, others };
  return line === undefined
    ? { named: counted, nameless: undefined, others }
    : { named: line, nameless: counted, others };
}

function recordOf({ named, nameless, others }: First): UsageRecord {
  const record: UsageRecord = { ...(nameless ?? named!) };
  if (nameless !== undefined && named !== undefined) {
    record['named_line'] = named;
    record['request_id'] = named['request_id'] ?? null;
  }
  if (others.length > 0) record['other_requests'] = others;
  return record;
}

function listed(requests: readonly string[], named: UsageRecord | undefined): string[] {
  const others = new Set(requests);
  others.delete(requestOf(named));
  return [...others].sort().slice(0, MOST_LISTED);
}

function idOf(record: UsageRecord, request: string): string {
  return usageId(SOURCE, [textOf(record['message_id']), request]);
}

function largest(a: UsageRecord | undefined, b: UsageRecord | undefined): UsageRecord | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return isLarger(b, a) ? b : a;
}

function requestOf(record: UsageRecord | undefined): string {
  return textOf(record?.['request_id']) ?? '';
}

/** Whether a line counts rather than another one of the same call. */
export function isLarger(candidate: UsageRecord, there: UsageRecord): boolean {
  const order = sizeOrder(candidate, there);
  if (order !== 0) return order > 0;
  const [speed, known] = [candidate['speed'] !== undefined, there['speed'] !== undefined];
  if (speed !== known) return speed;
  if (isEarlier(candidate, there)) return true;
  return requestOf(candidate) < requestOf(there) && !isEarlier(there, candidate);
}

/** Positive where the first has more calls, or as many and more tokens. */
function sizeOrder(a: UsageRecord, b: UsageRecord): number {
  return callsIn(a) - callsIn(b) || a.total_tokens - b.total_tokens;
}

/** Number of billed calls in the line of a record: while a reply grows, its last line has all of them. */
function callsIn(record: UsageRecord): number {
  return typeof record['iterations'] === 'number' ? record['iterations'] : 0;
}
