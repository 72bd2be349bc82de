import type { Ledger } from '../ledger/ledger.ts';
import { dayOf, type SetDigest, type TeamLedger } from '../ledger/postgres/index.ts';
import type { OutgoingRow } from '../ledger/postgres/index.ts';
import { nextTurn } from '../system/turns.ts';
import { UsageError, type UsageRecord } from '../usage/record.ts';
import type { StoredElement } from '../ledger/results.ts';
import type { Membership } from './membership.ts';
import { outgoing } from './outgoing.ts';

/** The result of bringing the team's ledger in step with this machine's. */
export interface PassResult {
  /** Records of this machine. */
  records: number;
  /** Records that were sent because they were missing or different. */
  sent: number;
  /** Records that were withdrawn because this machine no longer has them. */
  withdrawn: number;
  /** Records that the team's ledger cannot store. */
  refused: { usageId: string; reason: string }[];
}

export interface PassProgress {
  done: number;
  sent: number;
}

const RECORDS_AT_ONCE = 10_000;
/** The event loop gets a turn after this many records, because the sender would keep the server waiting for its next statement. */
const RECORDS_PER_TURN = 200;

/**
 * Makes the rows of this machine in the team's ledger equal to its local ledgers. Compares both by day, by the number of records
 * and a sum of hashes, so nothing about sent records is stored on this machine.
 */
export async function syncAll(
  ledgers: readonly Ledger[],
  team: TeamLedger,
  membership: Membership,
  onProgress: (progress: PassProgress) => void = () => undefined,
): Promise<PassResult> {
  const there = await team.digests();
  const result: PassResult = { records: 0, sent: 0, withdrawn: 0, refused: [] };
  // An empty server differs on all days, so they need not be compared.
  const differing = there.size === 0 ? undefined : await differingDays(ledgers, membership, there);
  if (differing?.days.size === 0) return { ...result, records: differing.records, withdrawn: 0 };
  const stored = differing ? await team.rowsOf([...differing.days]) : new Map<string, number>();
  const sender = new Sender(team, result, onProgress);
  for await (const records of countedRecords(ledgers)) {
    for (const record of records) {
      result.records++;
      if (result.records % RECORDS_PER_TURN === 0) await nextTurn();
      const sent = tryOutgoing(record, membership, result);
      if (sent === undefined || differing?.days.has(dayOf(sent.row.timeMs)) === false) continue;
      const digest = stored.get(sent.row.key);
      stored.delete(sent.row.key);
      if (digest !== sent.digest) await sender.add(sent);
    }
  }
  await sender.end();
  const gone = [...stored.keys()];
  for (let at = 0; at < gone.length; at += RECORDS_AT_ONCE) {
    const part = gone.slice(at, at + RECORDS_AT_ONCE);
    result.withdrawn += (await team.send([], part)).removed;
  }
  await team.claim();
  return result;
}

/**
 * Sends records that were added since everything was in step.
 * @param added the records that each of the ledgers got since, in the order in which the ledgers count.
 */
export async function syncAdded(
  ledgers: readonly Ledger[],
  added: readonly AsyncIterable<readonly StoredElement[]>[],
  team: TeamLedger,
  membership: Membership,
): Promise<PassResult> {
  const result: PassResult = { records: 0, sent: 0, withdrawn: 0, refused: [] };
  const sender = new Sender(team, result, () => undefined);
  for (const [i, batches] of added.entries()) {
    for await (const elements of batches) {
      const ids = elements.map(({ record }) => record.usage_id);
      const held = await Promise.all(ledgers.map((each) => each.holds(ids)));
      for (const { record } of elements) {
        const id = record.usage_id;
        if (held.slice(0, i).some((each) => each.has(id))) continue;
        // Where a later ledger has it, it was counted before, as that one has it.
        if (!held.slice(i + 1).some((each) => each.has(id))) result.records++;
        const sent = tryOutgoing(record, membership, result);
        if (sent) await sender.add(sent);
      }
    }
  }
  await sender.end();
  await team.claim();
  return result;
}

/** Sends rows in batches. The next batch is prepared while one is sent. */
class Sender {
  readonly #team: TeamLedger;
  readonly #result: PassResult;
  readonly #onProgress: (progress: PassProgress) => void;
  #waiting: OutgoingRow[] = [];
  #sending: Promise<unknown> = Promise.resolve();

  constructor(team: TeamLedger, result: PassResult, onProgress: (progress: PassProgress) => void) {
    this.#team = team;
    this.#result = result;
    this.#onProgress = onProgress;
  }

  async add(row: OutgoingRow): Promise<void> {
    if (this.#waiting.push(row) >= RECORDS_AT_ONCE) await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#sending;
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    await this.#sending;
    this.#result.sent += batch.length;
    this.#sending = batch.length > 0 ? this.#team.send(batch, []) : Promise.resolve();
    this.#sending.catch(() => undefined);
    this.#onProgress({ done: this.#result.records, sent: this.#result.sent });
  }
}

/** Withdraws everything that this machine sent. @returns the number of records. */
export async function withdrawAll(team: TeamLedger): Promise<number> {
  let withdrawn = 0;
  for (const day of (await team.digests()).keys()) {
    const keys = [...(await team.rowsOf([day])).keys()];
    for (let at = 0; at < keys.length; at += RECORDS_AT_ONCE) {
      withdrawn += (await team.send([], keys.slice(at, at + RECORDS_AT_ONCE))).removed;
    }
  }
  return withdrawn;
}

/** The days on which the server's rows differ from the local records, and the number of these records. */
async function differingDays(
  ledgers: readonly Ledger[],
  membership: Membership,
  there: ReadonlyMap<number, SetDigest>,
): Promise<{ days: Set<number>; records: number }> {
  const here = new Map<number, SetDigest>();
  let count = 0;
  for await (const records of countedRecords(ledgers)) {
    for (const record of records) {
      count++;
      const sent = tryOutgoing(record, membership, undefined);
      if (sent === undefined) continue;
      const day = dayOf(sent.row.timeMs);
      const sum = here.get(day) ?? { records: 0, digest: 0n };
      here.set(day, { records: sum.records + 1, digest: sum.digest + BigInt(sent.digest) });
    }
  }
  const days = new Set<number>();
  for (const day of new Set([...here.keys(), ...there.keys()])) {
    const [a, b] = [here.get(day), there.get(day)];
    if (a?.records !== b?.records || a?.digest !== b?.digest) days.add(day);
  }
  return { days, records: count };
}

/** All records of the ledgers, each usage once: in the first ledger that has it. */
export async function* countedRecords(ledgers: readonly Ledger[]): AsyncGenerator<UsageRecord[]> {
  for (const [i, ledger] of ledgers.entries()) {
    const before = ledgers.slice(0, i);
    for (const each of before) await each.refresh();
    for await (const elements of ledger.stored()) {
      let records = elements.map(({ record }) => record);
      for (const each of before) {
        const held = await each.holds(records.map(({ usage_id }) => usage_id));
        if (held.size > 0) records = records.filter(({ usage_id }) => !held.has(usage_id));
      }
      yield records;
    }
  }
}

function tryOutgoing(
  record: UsageRecord,
  membership: Membership,
  result: PassResult | undefined,
): OutgoingRow | undefined {
  try {
    return outgoing(record, membership);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    result?.refused.push({ usageId: record.usage_id, reason: error.message });
    return undefined;
  }
}
