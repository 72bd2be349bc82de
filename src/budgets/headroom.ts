import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { builtinSqlite } from '../system/builtinSqlite.ts';
import { defaultLedgerPath, stateFolder, storeKind } from '../system/paths.ts';

/**
 * How much may be spent until a budget comes near its limit, as of certain versions of the ledgers. With it a hook answers without
 * opening the ledgers: it adds up only the records that were added since, whatever they are. So it may overestimate the spending,
 * never underestimate it; when the headroom is used up, the budgets are looked at in full.
 *
 * Imports nothing that is slow to load, because it runs before each tool call of an agent.
 */

export const HOOK_AGENTS = ['claude-code', 'codex'];

/** From this share on agents are asked to finish, so that hooks need the exact state. */
export const SOFT_PERCENT = 80;
/** More new records than these are not added up here. */
const MOST_NEW = 20_000;
const FORMAT = 1;

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
}

interface LedgerVersion {
  path: string;
  /** Changes with every change except an addition to a database. */
  version: string;
  /** In a database: the number of the last record. */
  last: string;
}

/** The state of everything that the spending depends on. Take it before the budgets are looked at. */
export type HeadroomBasis = Omit<Headroom, 'left' | 'until' | 'format'>;

function headroomPath(): string {
  return join(stateFolder(), 'budget-headroom.json');
}

/**
 * Whether all budgets are surely below {@link SOFT_PERCENT}. false: they may not be, or it is not known. Never throws.
 * @param counted lists the ledgers that count.
 */
export function isSurelyBelow(now: number, counted: () => readonly string[]): boolean {
  try {
    const budgets = fileVersion(budgetsFile());
    if (budgets === '') return true;
    const kept = JSON.parse(readFileSync(headroomPath(), 'utf8')) as Headroom;
    if (kept.format !== FORMAT || now < kept.from || now >= kept.until) return false;
    if (kept.zone !== zoneKey(now) || kept.budgets !== budgets) return false;
    const paths = counted();
    if (paths.length !== kept.ledgers.length) return false;
    let left = BigInt(kept.left);
    for (const [i, path] of paths.entries()) {
      const known = kept.ledgers[i]!;
      if (known.path !== path) return false;
      const { version, added } = versionOf(path, known.last);
      if (version !== known.version) return false;
      left -= added;
    }
    return left > 0n;
  } catch {
    return false;
  }
}

/** @throws {Error} when a ledger cannot be read. */
export function headroomBasis(now: number, counted: readonly string[]): HeadroomBasis {
  const ledgers = counted.map((path) => {
    const { version, last } = versionOf(path, '0', true);
    return { path, version, last };
  });
  return { from: now, zone: zoneKey(now), budgets: fileVersion(budgetsFile()), ledgers };
}

/**
 * Keeps the headroom for later hooks. A failure only makes them slower.
 * @param until the end of today.
 */
export function keepHeadroom(basis: HeadroomBasis, left: bigint, until: number): void {
  const kept: Headroom = { ...basis, format: FORMAT, until, left: left.toString() };
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
