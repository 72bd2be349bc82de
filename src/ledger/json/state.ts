import { join } from 'node:path';
import { errno } from '../../system/errno.ts';
import { lossProblem } from '../loss.ts';
import { backupsOf } from './recover.ts';
import type { LedgerVersions } from './versions.ts';
import type { LedgerError, Problem } from '../results.ts';
import type { StoreState } from '../store.ts';

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
    unreadable: index.unreadable.length,
    bytes: signature === undefined ? 0 : bytes.length,
    modifiedAt: signature === undefined ? undefined : Number(signature.mtimeNs / 1_000_000n),
  };
}

/** Problems of the file itself. An empty file counts as no ledger; a missing file that has backups is a problem. */
export async function ledgerProblems(store: LedgerVersions): Promise<Problem[]> {
  const { signature, bytes } = store.file;
  const incomplete = await lossProblem(store.disk, store.place);
  const unread = [...(incomplete ? [incomplete] : []), ...store.journals.problems()];
  if (signature !== undefined && bytes.length > 0) return [...store.index.problems(), ...unread];
  const lost = await lostTo(store);
  if (lost === undefined) return unread;
  const what = signature === undefined ? 'is gone' : 'is empty';
  return [
    {
      code: 'lost-file',
      severity: 'error',
      message: `${store.place.base} ${what}, but ${lost} beside it contains records. The next record, or a repair, restores them.`,
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
