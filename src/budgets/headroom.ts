import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtinSqlite } from '../system/builtinSqlite.ts';
import { defaultLedgerPath, inkwellDefaultPath, stateFolder, storeKind, makeFolders } from '../system/paths.ts';
import { additionsTo, currentVersion, waitingNow, type JsonVersion } from './jsonGrowth.ts';

/**
 * The last answer of a hook, and how much may be spent until it changes, as of certain versions of the ledgers. With it a hook
 * answers without opening the ledgers: it adds up only the records that were added since, whatever they are. So it may overestimate
 * the spending, never underestimate it; when the headroom is used up, the budgets are looked at in full.
 *
 * Imports nothing that is slow to load, because it runs before each tool call of an agent.
 */

export const HOOK_AGENTS = ['claude-code', 'codex'];

/** From this share on agents are asked to finish, so that hooks need the exact state. */
export const SOFT_PERCENT = 80;
/** More new records than these are not added up here. */
const MOST_NEW = 20_000;
const FORMAT = 5;
/** As in `teamSums.ts`, which is slow to load. */
const TEAM_SUMS = 'team-budgets.json';

interface Headroom {
  format: number;
  /** When it was determined, and the midnight after it, ms since the epoch. */
  from: number;
  until: number;
  zone: string;
  budgets: string;
  ledgers: LedgerVersion[];
  /** Nano-dollars. */
  left: string;
  answer: string;
  isOver: boolean;
}

/** The answer of a hook, which may be repeated. */
export interface HookAnswer {
  /** The line to print; empty while all budgets are below {@link SOFT_PERCENT}. */
  answer: string;
  /** Whether it stops the agent, unless the user has allowed it to go on. */
  isOver: boolean;
}

type LedgerVersion = { path: string } & (JsonVersion | DatabaseVersion);

interface DatabaseVersion {
  /** Changes with every change except an addition. Empty if there is no file. */
  database: string;
  /** The number of the last record. */
  last: string;
}

/** All budgets are far from their limits. */
export const BELOW: HookAnswer = { answer: '', isOver: false };

/** The state of everything that the spending depends on. Take it before the budgets are looked at. */
export type HeadroomBasis = Omit<Headroom, keyof HookAnswer | 'left' | 'until' | 'format'>;

function headroomPath(): string {
  return join(stateFolder(), 'budget-headroom.json');
}

/**
 * Returns the kept answer if it surely still holds, else undefined. Never throws.
 * @param counted lists the ledgers that count.
 */
export function keptAnswer(now: number, counted: () => readonly string[]): HookAnswer | undefined {
  try {
    if (fileVersion(budgetsFile()) === '') return BELOW;
    const budgets = budgetsVersion();
    const kept = JSON.parse(readFileSync(headroomPath(), 'utf8')) as Headroom;
    if (kept.format !== FORMAT || now < kept.from || now >= kept.until) return undefined;
    if (kept.zone !== zoneKey(now) || kept.budgets !== budgets) return undefined;
    const paths = counted();
    if (paths.length !== kept.ledgers.length) return undefined;
    let left = BigInt(kept.left);
    let waiting = 0n;
    let hasNew = false;
    let hasAll = true;
    const ledgers = paths.map((path, i): LedgerVersion => {
      const known = kept.ledgers[i]!;
      if (known.path !== path) throw new Error('another ledger');
      const additions = 'file' in known ? additionsTo(path, known) : addedToDatabase(path, known);
      left -= additions.added;
      waiting += additions.waiting;
      hasNew ||= additions.now !== known;
      hasAll &&= additions.hasAll;
      return { path, ...additions.now };
    });
    // While all budgets are low, less spending changes nothing.
    if (left - waiting <= 0n || (kept.answer !== '' && !hasAll)) return undefined;
    // The next hook need not add these records up again.
    if (hasNew) keep({ ...kept, ledgers, left: left.toString() });
    return { answer: kept.answer, isOver: kept.isOver };
  } catch {
    return undefined;
  }
}

/** @throws {Error} when a ledger cannot be read. */
export function headroomBasis(now: number, counted: readonly string[]): HeadroomBasis {
  const ledgers = counted.map((path): LedgerVersion => {
    const kind = storeKind(path);
    // Nothing of ours belongs beside inkwell's ledger, and inkwell would not extend the note.
    if (kind === 'json') return { path, ...currentVersion(path, path !== inkwellDefaultPath()) };
    if (kind !== 'sqlite') throw new Error('cannot be read here');
    return { path, ...addedToDatabase(path, undefined).now };
  });
  return { from: now, zone: zoneKey(now), budgets: budgetsVersion(), ledgers };
}

/**
 * Keeps an answer for later hooks. A failure only makes them slower.
 * @param left the nano-dollars until the answer may change.
 * @param until the end of today.
 */
export function keepAnswer(basis: HeadroomBasis, answer: HookAnswer, left: bigint, until: number): void {
  try {
    // Records that arrived after the basis was taken may be counted, too.
    const ledgers = basis.ledgers.map((ledger) =>
      'file' in ledger ? { ...ledger, waiting: [...new Set([...ledger.waiting, ...waitingNow(ledger.path)])] } : ledger,
    );
    keep({ ...basis, ledgers, ...answer, format: FORMAT, until, left: left.toString() });
  } catch {
    // A journal that cannot be read: the next hook looks at the budgets in full.
  }
}

function keep(kept: Headroom): void {
  const path = headroomPath();
  try {
    makeFolders(dirname(path), 0o700);
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(kept), { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // The next hook looks at the budgets in full.
  }
}

function budgetsFile(): string {
  return join(dirname(defaultLedgerPath()), 'budgets.json');
}

/** The budgets, and the sums of the team that they cover. */
function budgetsVersion(): string {
  return `${fileVersion(budgetsFile())} ${fileVersion(join(stateFolder(), TEAM_SUMS))}`;
}

/** Days begin at other instants in another time zone. */
function zoneKey(now: number): string {
  return `${process.env['TZ'] ?? ''} ${new Date(now).getTimezoneOffset()}`;
}

function fileVersion(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

/** @param known undefined: only the current version is wanted. */
function addedToDatabase(
  path: string,
  known: DatabaseVersion | undefined,
): { now: DatabaseVersion; added: bigint; waiting: bigint; hasAll: boolean } {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  if (!isThere && (known?.database ?? '') !== '') throw new Error('the file disappeared');
  if (!isThere) return { now: known ?? { database: '', last: '0' }, added: 0n, waiting: 0n, hasAll: true };
  const sqlite = builtinSqlite();
  if (sqlite === undefined) throw new Error('needs SQLite');
  const db = new sqlite.DatabaseSync(path, { readOnly: true, readBigInts: true });
  try {
    const { epoch } = db.prepare('SELECT epoch FROM ledger').get() as { epoch: bigint };
    const { newest } = db.prepare('SELECT coalesce(max(seq), 0) AS newest FROM record').get() as { newest: bigint };
    const now: DatabaseVersion = { database: `${statSync(path).ino} ${epoch}`, last: newest.toString() };
    if (known === undefined) return { now, added: 0n, waiting: 0n, hasAll: true };
    if (known.database !== now.database) throw new Error('changed otherwise');
    const last = BigInt(known.last);
    if (newest <= last) return { now: known, added: 0n, waiting: 0n, hasAll: true };
    if (newest - last > MOST_NEW) throw new Error('too many are new');
    const sum = db.prepare('SELECT coalesce(sum(cost_nanos), 0) AS added FROM record WHERE seq > ? AND seq <= ?');
    const { added } = sum.get(last, newest) as { added: bigint };
    return { now, added, waiting: 0n, hasAll: true };
  } finally {
    db.close();
  }
}
