import { join } from 'node:path';
import { ElementScanner, elementsIn } from './elements.ts';
import { parseJournal } from './journalContent.ts';
import { slicer, steps } from '../../system/slices.ts';
import { explain } from '../errors.ts';
import type { LedgerIndex } from './index.ts';
import {
  foreignBackupName,
  isClearedName,
  isCorruptName,
  isForeignTemporary,
  isReplacedName,
  incompleteName,
  lockName,
  parseSideFile,
  checkpointName,
  growthName,
  previousName,
  undoLogName,
} from '../../system/sideFiles.ts';
import { obstructionOf } from '../../system/lock.ts';
import { liveness, type Owner } from '../../system/owner.ts';
import { mountedProblem, whyNotReplaceable } from '../place.ts';
import { indexed, unreadIn } from './recover.ts';
import { ledgerProblems } from './state.ts';
import type { LedgerVersions } from './versions.ts';
import type { Problem, SideFileRole, Verification } from '../results.ts';

type SideFileReport = Verification['files'][number];

/** Reads and describes all files of the ledger. Changes nothing. Call it after a refresh. */
export async function verifyLedger(
  store: LedgerVersions,
  label: string,
  isOwn: (path: string) => boolean,
): Promise<Verification> {
  const problems = await ledgerProblems(store);
  const { index } = store;
  const { bytes, signature } = store.file;
  const files: SideFileReport[] = [];
  if (signature !== undefined) {
    files.push({
      path: store.place.path,
      role: 'ledger',
      bytes: bytes.length,
      records: index.records - index.waiting,
      meaning: 'the ledger itself',
    });
  }
  for (const name of (await namesBeside(store)).sort()) {
    const report = await reportOn(store, name, isOwn, problems);
    if (report) files.push(report);
  }
  problems.push(...(await obstacles(store)));
  const damaged = problems.some(({ severity }) => severity === 'error');
  return {
    path: label,
    health: damaged ? 'damaged' : signature === undefined || bytes.length === 0 ? 'missing' : 'ok',
    problems,
    records: index.records,
    pending: index.waiting,
    unreadable: elementsIn(index.unreadable),
    bytes: signature === undefined ? 0 : bytes.length,
    files,
  };
}

/** Obstacles that prevent records from being written to the file, now or at the next commit. */
async function obstacles({ disk, index, place }: LedgerVersions): Promise<Problem[]> {
  const problems: Problem[] = [];
  const reason = whyNotReplaceable(place.path);
  const mounted = mountedProblem(place.path);
  if (mounted) problems.push(mounted);
  else if (index.waiting > 0 && reason !== undefined) {
    const message = `Records that are durable in journals cannot be written to the ledger: ${reason}`;
    problems.push({ code: 'not-committed', severity: 'warning', message, file: place.path });
  }
  const obstruction = await obstructionOf(disk, place.folder, place.base);
  if (obstruction !== undefined) {
    const message = `${obstruction}. Nothing is lost, but writers do not wait for each other. Delete it if no program needs it.`;
    problems.push({
      code: 'obstructed-lock',
      severity: 'warning',
      message,
      file: join(place.folder, lockName(place.base)),
    });
  }
  return problems;
}

async function namesBeside(store: LedgerVersions): Promise<string[]> {
  try {
    return await store.disk.readdir(store.place.folder);
  } catch {
    // The folder does not exist, so it contains nothing.
    return [];
  }
}

async function reportOn(
  store: LedgerVersions,
  name: string,
  isOwn: (path: string) => boolean,
  problems: Problem[],
): Promise<SideFileReport | undefined> {
  const { base, folder } = store.place;
  const path = join(folder, name);
  const side = parseSideFile(name, base);
  const role = roleOf(name, base, side?.kind);
  if (!role) return undefined;
  const content = role === 'lock' ? undefined : await readOrReport(store, name, problems);
  if (role !== 'lock' && content === undefined) return undefined;
  const report: SideFileReport = { path, role, bytes: content?.length ?? 0, meaning: MEANING[role] };
  if (role === 'journal') {
    const journal = await steps(parseJournal(content!), slicer());
    report.records = journal.entries.length;
    report.meaning = `${MEANING.journal}; ${isOwn(path) ? 'of this process' : ofProcess(side!.owner)}`;
    if (journal.bad > 0) {
      problems.push({
        code: 'unreadable-journal',
        severity: 'error',
        message: `${name}: ${journal.bad} lines cannot be read. The next commit keeps the file aside.`,
        file: path,
      });
    }
  }
  if (['previous', 'backup', 'cleared', 'replaced'].includes(role)) report.records = countElements(content!);
  if (role === 'kept-aside') {
    const { records, problem } = await checkKeptAside(store, name, content!);
    report.records = records;
    problems.push(problem);
  }
  return report;
}

/** undefined also for an unreadable file, which is reported as a problem, so that the other files are still checked. */
async function readOrReport(store: LedgerVersions, name: string, problems: Problem[]): Promise<Buffer | undefined> {
  try {
    return await store.readBeside(name);
  } catch (error) {
    const { message } = explain(error, join(store.place.folder, name));
    // Other processes' journals are already among the ledger's problems.
    const isKnown = problems.some(({ file }) => file === join(store.place.folder, name));
    if (!isKnown)
      problems.push({ code: 'unreadable-file', severity: 'warning', message, file: join(store.place.folder, name) });
    return undefined;
  }
}

/**
 * Checks bytes that were kept aside. If they contain records that exist nowhere else, that is an error, because no total
 * includes them.
 */
async function checkKeptAside(
  store: LedgerVersions,
  name: string,
  content: Buffer,
): Promise<{ records: number; problem: Problem }> {
  const kept = await indexed(content, name);
  const there = kept.index;
  const wasRemoved = (usageId: string): Promise<boolean> => store.undoLog.removedSince(usageId, 0);
  let extra = 0;
  const records = await there.everyRecord();
  for (const { usageId } of records) {
    if (store.index.locatorOf(usageId) === undefined && !(await wasRemoved(usageId))) extra++;
  }
  const unread = await unreadIn(kept, { bytes: store.file.bytes, index: store.index }, wasRemoved);
  const problem: Problem = {
    code: 'kept-aside',
    severity: extra > 0 ? 'error' : 'warning',
    message: keptAsideText(name, extra, there, unread !== undefined),
    file: join(store.place.folder, name),
  };
  return { records: records.length, problem };
}

function keptAsideText(name: string, extra: number, { unreadable, damage }: LedgerIndex, isUnread: boolean): string {
  if (extra === 1) return `${name} holds 1 record that is not in the ledger. A repair restores it.`;
  if (extra > 1) return `${name} holds ${extra} records that are not in the ledger. A repair restores them.`;
  const hasRest = unreadable.length > 0 || damage !== undefined;
  return [
    `${name} keeps the bytes of a damaged ledger.`,
    ...(isUnread ? [] : ['Each of its records, by usage_id, is in the ledger or was removed on purpose.']),
    ...(hasRest ? ['Parts of it that are not records exist nowhere else.'] : []),
    ...(isUnread ? [] : ['Delete the file when you no longer need it.']),
  ].join(' ');
}

function ofProcess(owner: Owner): string {
  const state = liveness(owner);
  if (state === 'alive') return `of process ${owner.pid}, which is running`;
  return state === 'dead' ? `of process ${owner.pid}, which has ended` : `of process ${owner.pid}`;
}

function countElements(bytes: Buffer): number {
  const scanner = new ElementScanner(bytes, bytes.length);
  let count = 0;
  while (scanner.next()) count++;
  return count;
}

function roleOf(name: string, base: string, kind: string | undefined): SideFileRole | undefined {
  if (name === lockName(base)) return 'lock';
  if (name === previousName(base)) return 'previous';
  if (name === foreignBackupName(base)) return 'backup';
  if (name === undoLogName(base)) return 'undo-log';
  if (name === checkpointName(base)) return 'checkpoint';
  if (name === growthName(base)) return 'growth';
  if (name === incompleteName(base)) return 'incomplete';
  if (kind === 'journal') return 'journal';
  if (kind === 'tok' || kind === 'tmp') return 'token';
  if (isCorruptName(name, base)) return 'kept-aside';
  if (isClearedName(name, base)) return 'cleared';
  if (isReplacedName(name, base)) return 'replaced';
  return isForeignTemporary(name) ? 'foreign-temporary' : undefined;
}

const MEANING: Record<SideFileRole, string> = {
  ledger: 'the ledger itself',
  previous: 'the version before the last commit',
  backup: "inkwell's backup",
  journal: 'durable records that are not in the ledger yet',
  token: 'a version being written; the next commit removes it',
  lock: 'lock while a version is being written',
  'undo-log': 'what remove, clear and reprice changed, for undo',
  cleared: 'the records removed by a clear, for undo',
  replaced: 'records as they were before their costs were recomputed, for undo',
  'kept-aside': 'unreadable bytes, kept when the ledger was repaired',
  checkpoint: 'the part of the ledger known to be intact, so that `record` need not read it again',
  growth: 'which versions of the ledger only added records, so that a budget need not read the others again',
  incomplete: 'says that a recovery may not have found every record, until a repair',
  'foreign-temporary': 'a version that inkwell is writing',
};
