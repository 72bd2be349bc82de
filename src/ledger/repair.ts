import { basename, join } from 'node:path';
import { isCorruptName } from './names.ts';
import type { Rebuilt } from './recover.ts';
import { backupsOf, rebuild } from './recover.ts';
import type { LedgerBasis, LedgerStore } from './store.ts';
import type { RepairResult } from './types.ts';
import { verifyLedger } from './verify.ts';

const SETTLE_MS = 2_000;

/**
 * Mends what verify calls an error: whatever was readable is kept, what is in the backups and not in the ledger is
 * added, and whatever is left out is kept in a file that the result names.
 */
export async function repairLedger(
  store: LedgerStore,
  isOwn: (path: string) => boolean,
  dryRun: boolean,
): Promise<RepairResult> {
  const { problems } = await verifyLedger(store, store.place.path, isOwn);
  if (!problems.some(({ severity, code }) => severity === 'error' || code === 'duplicate-id')) {
    return { actions: [], records: store.index.records, recovered: 0, keptIn: undefined };
  }
  if (dryRun) {
    const rebuilt = await store.alone(() => store.rebuild(true));
    return { ...describe(store, rebuilt, true), keptIn: undefined };
  }
  let result: RepairResult | undefined;
  const committed = await store.commit(async (basis) => {
    const rebuilt = await mend(store, basis);
    const leavesOut = rebuilt.dropped > 0 || basis.index.duplicates.length > 0 || basis.index.unreadable.length > 0;
    const keptIn = basis.keptIn ?? (leavesOut ? await store.keepAside(basis.bytes, basis.signature) : undefined);
    const kept = keptIn && join(store.place.folder, keptIn);
    result = { ...describe(store, rebuilt, false, keptIn), keptIn: kept };
    if (basis.rebuilt) result.recovered += basis.rebuilt.recovered;
    return { kept: [], tail: rebuilt.bytes.buffer.subarray(0, rebuilt.bytes.length) };
  });
  try {
    await store.settled(committed, async () => true, SETTLE_MS);
  } finally {
    if (committed) await store.disk.close(committed.fd);
  }
  return result!;
}

/** What the commit's own recovery did not do: leave out what is no record, and fetch what was kept aside earlier. */
async function mend(store: LedgerStore, basis: LedgerBasis): Promise<Rebuilt> {
  const { folder, base } = store.place;
  const aside = (await backupsOf(store.disk, folder, base)).filter((name) => isCorruptName(name, base));
  return rebuild(store.disk, folder, store.place.path, basis.bytes, basis.index, aside, store.undoLog, true);
}

function describe(
  store: LedgerStore,
  rebuilt: Rebuilt,
  conditional: boolean,
  keptIn?: string,
): Omit<RepairResult, 'keptIn'> {
  const would = conditional ? 'would be' : 'were';
  const { base } = store.place;
  const actions: string[] = [];
  if (conditional && (store.index.damage !== undefined || rebuilt.dropped > 0)) {
    actions.push(`the bytes of ${base} as they are would be kept in ${base}.corrupt.<time>`);
  } else if (keptIn !== undefined) {
    actions.push(`the bytes of ${base} as they were are kept in ${basename(keptIn)}`);
  }
  for (const source of rebuilt.sources) actions.push(`${source} ${would} brought back`);
  if (rebuilt.dropped > 0) actions.push(`${rebuilt.dropped} elements that are no records ${would} left out`);
  actions.push(`${base} ${conditional ? 'would be' : 'was'} written anew with ${rebuilt.index.elements} records`);
  return { actions, records: rebuilt.index.elements, recovered: rebuilt.recovered };
}
