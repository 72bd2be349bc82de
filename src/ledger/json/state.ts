import { join } from 'node:path';
import { errno } from '../../system/errno.ts';
import { lossProblem } from '../loss.ts';
import { elementsIn, lineOf } from './elements.ts';
import type { LedgerIndex } from './index.ts';
import { backupsOf } from './recover.ts';
import type { LedgerVersions } from './versions.ts';
import type { LedgerError, Problem } from '../results.ts';
import type { StoreState } from '../store.ts';

/** All problems are counted, but only this many are described. */
const MAX_DESCRIBED = 100;

/** Describes the state found by the last check. */
export async function describeState(
  store: LedgerVersions | undefined,
  unavailable: LedgerError | undefined,
  commitProblem: LedgerError | undefined,
): Promise<StoreState> {
  if (!store || unavailable) {
    const message = unavailable?.message ?? 'The ledger has not been read yet.';
    return {
      health: 'unavailable',
      problems: [{ code: 'unavailable', severity: 'error', message }],
      records: store?.index.records ?? 0,
      pending: store?.index.waiting ?? 0,
      unreadable: 0,
      bytes: 0,
      modifiedAt: undefined,
    };
  }
  const { index } = store;
  const { signature, bytes } = store.file;
  const problems = await ledgerProblems(store);
  if (commitProblem) {
    problems.push({
      code: 'not-committed',
      severity: 'warning',
      message: `Recorded usages are durable in a journal beside the ledger, but cannot be written to it: ${commitProblem.message}`,
    });
  }
  const damaged = problems.some(({ severity }) => severity === 'error');
  const missing = signature === undefined || bytes.length === 0;
  return {
    health: damaged ? 'damaged' : missing ? 'missing' : 'ok',
    problems,
    records: index.records,
    pending: index.waiting,
    unreadable: elementsIn(index.unreadable),
    bytes: signature === undefined ? 0 : bytes.length,
    modifiedAt: signature === undefined ? undefined : Number(signature.mtimeNs / 1_000_000n),
  };
}

/** Problems of the file itself. An empty file counts as no ledger; a missing file that has backups is a problem. */
export async function ledgerProblems(store: LedgerVersions): Promise<Problem[]> {
  const { signature, bytes } = store.file;
  const incomplete = await lossProblem(store.disk, store.place);
  const unread = [...(incomplete ? [incomplete] : []), ...store.journals.problems()];
  if (signature !== undefined && bytes.length > 0) return [...defects(store.index, bytes.buffer), ...unread];
  const lost = await lostTo(store);
  if (lost === undefined) return unread;
  const { base } = store.place;
  return [
    {
      code: 'lost-file',
      severity: 'error',
      message:
        signature === undefined
          ? `${base} is gone, but ${lost} beside it contains records. The next record, or a repair, restores them.`
          : `${base} is empty, but ${lost} beside it contains records. The next record, or a repair, restores them.`,
      file: join(store.place.folder, lost),
    },
    ...unread,
  ];
}

/** The newest backup that may have the content of a missing ledger. */
async function lostTo(store: LedgerVersions): Promise<string | undefined> {
  try {
    for (const name of await backupsOf(store.disk, store.place.folder, store.place.base)) {
      const { size } = await store.disk.stat(join(store.place.folder, name));
      if (size > 2n) return name;
    }
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
  return undefined;
}

/** The defects of a version, as messages. */
function defects({ damage, unreadable, duplicates }: LedgerIndex, buffer: Buffer): Problem[] {
  const problems: Problem[] = [];
  if (damage) {
    const { code, message, offset } = damage;
    problems.push({ code, severity: 'error', message, offset, line: lineOf(buffer, offset) });
  }
  for (const { start, reason } of unreadable.slice(0, MAX_DESCRIBED)) {
    const line = lineOf(buffer, start);
    problems.push({
      code: reason.startsWith('invalid UTF-8') ? 'invalid-utf8' : 'unreadable-element',
      severity: 'error',
      message: `the element on line ${line} is not counted: ${reason}`,
      offset: start,
      line,
    });
  }
  for (const { start, reason, usageId } of duplicates.slice(0, MAX_DESCRIBED)) {
    const line = lineOf(buffer, start);
    problems.push({
      code: 'duplicate-id',
      severity: reason === 'same' ? 'warning' : 'error',
      message:
        reason === 'same'
          ? `the element on line ${line} occurs twice in the ledger and is counted once`
          : `the element on line ${line} has the usage_id of another record and is not counted`,
      offset: start,
      line,
      ...(usageId === undefined ? {} : { usageId }),
    });
  }
  return problems;
}
