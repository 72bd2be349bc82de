import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { builtinSqlite } from '../system/builtinSqlite.ts';
import { defaultLedgerPath, stateFolder, storeKind } from '../system/paths.ts';

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
const FORMAT = 3;
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

interface LedgerVersion {
  path: string;
  /** Changes with every change except an addition to a database. */
  version: string;
  /** In a database: the number of the last record. */
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
    for (const [i, path] of paths.entries()) {
      const known = kept.ledgers[i]!;
      if (known.path !== path) return undefined;
      const { version, added } = versionOf(path, known.last);
      if (version !== known.version) return undefined;
      left -= added;
    }
    return left > 0n ? { answer: kept.answer, isOver: kept.isOver } : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {Error} when a ledger cannot be read. */
export function headroomBasis(now: number, counted: readonly string[]): HeadroomBasis {
  const ledgers = counted.map((path) => {
    const { version, last } = versionOf(path, '0', true);
    return { path, version, last };
  });
  return { from: now, zone: zoneKey(now), budgets: budgetsVersion(), ledgers };
}

/**
 * Keeps an answer for later hooks. A failure only makes them slower.
 * @param left the nano-dollars until the answer may change.
 * @param until the end of today.
 */
export function keepAnswer(basis: HeadroomBasis, answer: HookAnswer, left: bigint, until: number): void {
  const kept: Headroom = { ...basis, ...answer, format: FORMAT, until, left: left.toString() };
  const path = headroomPath();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
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

interface Found {
  version: string;
  last: string;
  /** Nano-dollars of all records after the known last one. */
  added: bigint;
}

/** @param isFirst whether only the version is wanted. */
function versionOf(path: string, last: string, isFirst = false): Found {
  if (storeKind(path) === 'json') return { version: jsonVersion(path), last: '', added: 0n };
  if (storeKind(path) === undefined) throw new Error('cannot be read here');
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return { version: '', last: '0', added: 0n };
  const sqlite = builtinSqlite();
  if (sqlite === undefined) throw new Error('needs SQLite');
  const db = new sqlite.DatabaseSync(path, { readOnly: true, readBigInts: true });
  try {
    const { epoch } = db.prepare('SELECT epoch FROM ledger').get() as { epoch: bigint };
    const { newest } = db.prepare('SELECT coalesce(max(seq), 0) AS newest FROM record').get() as { newest: bigint };
    const version = `${statSync(path).ino} ${epoch}`;
    if (isFirst || newest <= BigInt(last)) return { version, last: newest.toString(), added: 0n };
    if (newest - BigInt(last) > MOST_NEW) throw new Error('too many are new');
    const sum = db.prepare('SELECT coalesce(sum(cost_nanos), 0) AS added FROM record WHERE seq > ?');
    const { added } = sum.get(BigInt(last)) as { added: bigint };
    return { version, last: newest.toString(), added };
  } finally {
    db.close();
  }
}

/** The ledger's file, and the journals of records that are not in it yet. */
function jsonVersion(named: string): string {
  if (statSync(named, { throwIfNoEntry: false }) === undefined) return '';
  const path = realpathSync(named);
  const [folder, start] = [dirname(path), `.${basename(path)}.`];
  const journals = readdirSync(folder).filter((name) => name.startsWith(start) && name.endsWith('.journal'));
  return [path, ...journals.toSorted().map((name) => join(folder, name))].map(fileVersion).join(' ');
}
