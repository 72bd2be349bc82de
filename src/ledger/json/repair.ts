import { basename, join } from 'node:path';
import { commit } from './commit/commit.ts';
import { forgetLoss } from '../loss.ts';
import type { Content } from './file.ts';
import type { LedgerIndex } from './index.ts';
import { isCorruptName } from '../../system/sideFiles.ts';
import type { Rebuilt, RestoredFrom } from './recover.ts';
import { backupsOf, rebuild } from './recover.ts';
import type { LedgerBasis, LedgerVersions } from './versions.ts';
import type { RepairResult } from '../results.ts';
import { verifyLedger } from './verify.ts';

const SETTLE_MS = 2_000;

/**
 * Repairs the errors that verify reports: keeps everything readable, adds records that only the backups have, and keeps omitted
 * parts in a file named in the result.
 */
export async function repairLedger(
  store: LedgerVersions,
  isOwn: (path: string) => boolean,
  dryRun: boolean,
): Promise<RepairResult> {
  const { problems } = await verifyLedger(store, store.place.path, isOwn);
  if (!problems.some(({ severity, code }) => severity === 'error' || code === 'duplicate-id')) {
    return { actions: [], records: store.index.records, recovered: 0, keptIn: undefined };
  }
  if (dryRun) {
    return store.alone(async () => {
      const rebuilt = await store.rebuild(true);
      const { index, file } = store;
      const keeps = (index.damage !== undefined && file.bytes.length > 0) || leavesOut(rebuilt, index);
      const { base } = store.place;
      const actions = actionsOf(base, rebuilt, rebuilt.sources);
      if (keeps) actions.unshift(formerContent(base, `${base}.corrupt.<time>`));
      return { actions, records: rebuilt.index.elements, recovered: rebuilt.recovered, keptIn: undefined };
    });
  }
  let result: RepairResult | undefined;
  const plan = async (basis: LedgerBasis): Promise<Content> => {
    const rebuilt = await mend(store, basis);
    const keptIn =
      basis.keptIn ??
      (leavesOut(rebuilt, basis.index) ? await store.keepAside(basis.bytes, basis.signature) : undefined);
    const sources = [...(basis.rebuilt?.sources ?? []), ...rebuilt.sources];
    const actions = actionsOf(store.place.base, rebuilt, sources);
    if (keptIn !== undefined) actions.unshift(formerContent(store.place.base, basename(keptIn)));
    result = {
      actions,
      records: rebuilt.index.elements,
      recovered: rebuilt.recovered + (basis.rebuilt?.recovered ?? 0),
      keptIn: keptIn && join(store.place.folder, keptIn),
    };
    return { kept: [], tail: rebuilt.bytes.buffer.subarray(0, rebuilt.bytes.length) };
  };
  await commit(store, { plan, holds: async () => true }, SETTLE_MS);
  await forgetLoss(store.disk, store.place);
  return result!;
}

/**
 * Adds the steps that a commit's own recovery does not take: omitting elements that are not records, and adding records kept
 * aside earlier.
 */
async function mend(store: LedgerVersions, basis: LedgerBasis): Promise<Rebuilt> {
  const { disk, undoLog } = store;
  const { folder, base, path } = store.place;
  const aside = (await backupsOf(disk, folder, base)).filter((name) => isCorruptName(name, base));
  return rebuild({ disk, folder, base, label: path, undoLog }, basis, aside, true);
}

/** Whether some of the ledger's bytes are missing from the repaired one. */
function leavesOut(rebuilt: Rebuilt, index: LedgerIndex): boolean {
  return rebuilt.dropped > 0 || index.duplicates.length > 0 || index.unreadable.length > 0;
}

/** The steps, in words that fit those that are planned and those that were taken. */
function actionsOf(base: string, rebuilt: Rebuilt, sources: readonly RestoredFrom[]): string[] {
  const { dropped, index } = rebuilt;
  return [
    ...sources.map(({ from, count, areRecords }) =>
      areRecords
        ? `records restored from ${from}: ${count}`
        : `elements that are no records, restored from ${from}: ${count}`,
    ),
    ...(dropped > 0 ? [`elements that cannot be read as a record, left out: ${dropped}`] : []),
    `${base} rewritten; records in it: ${index.elements}`,
  ];
}

function formerContent(base: string, keptIn: string): string {
  return `former content of ${base} kept in ${keptIn}`;
}
