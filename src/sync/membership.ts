import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { parseAddress } from '../ledger/postgres/server/address.ts';
import { LedgerError } from '../ledger/results.ts';
import { unlinkIfThere } from '../system/disk.ts';
import { nodeDisk } from '../system/nodeDisk.ts';
import { writeFileAtomically } from '../system/atomicFile.ts';
import { errno } from '../system/errno.ts';
import { randomId } from '../system/random.ts';
import { FIELDS } from '../usage/fields.ts';
import { readSyncState } from './syncState.ts';
import { membershipPath, storeKind } from '../system/paths.ts';

/** How projects are sent: as they are, as a hash, or not at all. */
export const PROJECT_MODES = ['plain', 'hashed', 'none'] as const;
export type ProjectMode = (typeof PROJECT_MODES)[number];

/** The team that this machine belongs to, and what it sends: `team.json` in the config folder. */
export interface Membership {
  version: 1;
  /** The URL of the team's ledger, without a password. */
  url: string;
  /** The id of this machine in the team's ledger. */
  sender: string;
  /** The names that records get that have none. */
  user: string;
  machine: string;
  /** The names of the fields that are sent. */
  fields: string[];
  projects: ProjectMode;
  /** Projects that are sent under another name. */
  projectNames: Record<string, string>;
  /** The primary ledger of this machine. Another one would replace everything that was sent. */
  ledger?: string;
  /** ISO 8601. */
  joinedAt: string;
}

/** Fields that are sent only if the member chooses them: free text, places on this machine, and keys of other systems. */
const PRIVATE = new Set(['note', 'branch', 'session_id', 'folder', 'commit', 'request_id', 'confirmed_by']);
/** Fields that every record needs. */
const NEEDED = new Set(['usage_id', 'provider', 'model', 'operation', 'timestamp', 'cost_usd', 'cost_known']);

export const SENDABLE_FIELDS: readonly string[] = FIELDS.map(({ name }) => name);
/** Those that a member can leave out. */
export const CHOOSABLE_FIELDS = SENDABLE_FIELDS.filter((name) => !NEEDED.has(name));
export const DEFAULT_FIELDS = SENDABLE_FIELDS.filter((name) => !PRIVATE.has(name));

/** @throws {LedgerError} when the file cannot be used. undefined: this machine is in no team. */
export function readMembership(path: string = membershipPath()): Membership | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw new LedgerError('no-access', `${path} cannot be read.`, { cause: error });
  }
  try {
    const read = JSON.parse(text) as Membership;
    if (typeof read.url === 'string' && typeof read.sender === 'string' && Array.isArray(read.fields)) return read;
  } catch {
    // Reported below.
  }
  throw new LedgerError('damaged', `${path} is not valid. Delete it, and join again: llm-spend sync --to URL`);
}

export interface MembershipChoice {
  url: string;
  ledger?: string | undefined;
  user?: string | undefined;
  machine?: string | undefined;
  fields?: readonly string[] | undefined;
  projects?: ProjectMode | undefined;
  projectNames?: Record<string, string> | undefined;
}

/**
 * A machine that joins a team again keeps its id there, so that it can change and withdraw what it sent before it left.
 * @param before the membership that is changed, if there is one.
 * @throws {LedgerError} for a URL that cannot be used, another team, or unknown fields.
 */
export function newMembership(choice: MembershipChoice, before: Membership | undefined, now: number): Membership {
  if (storeKind(choice.url) !== 'postgres') {
    throw new LedgerError('unsupported', "A team's ledger is in PostgreSQL: its address begins with postgres://.");
  }
  const address = parseAddress(choice.url);
  if (new URL(choice.url).password !== '') {
    throw new LedgerError(
      'unsupported',
      'The URL contains a password, and would be stored. Leave it out, and put the password into the password file (~/.pgpass or PGPASSFILE).',
    );
  }
  if (before && before.url !== address.name) {
    throw new LedgerError(
      'unsupported',
      `This machine is in the team of ${before.url}, and can be in one only. Leave it first: llm-spend sync --leave`,
    );
  }
  const unknown = choice.fields?.find((name) => !SENDABLE_FIELDS.includes(name));
  if (unknown !== undefined) {
    throw new LedgerError('unsupported', `There is no field ${unknown}. Known: ${SENDABLE_FIELDS.join(', ')}.`);
  }
  const ledger = choice.ledger ?? before?.ledger;
  const fields = choice.fields ?? before?.fields ?? DEFAULT_FIELDS;
  return {
    version: 1,
    url: address.name,
    sender: before?.sender ?? readSyncState(address.name).sender ?? randomId(),
    user: choice.user ?? before?.user ?? ownUser(),
    machine: choice.machine ?? before?.machine ?? hostname(),
    fields: SENDABLE_FIELDS.filter((name) => NEEDED.has(name) || fields.includes(name)),
    projects: choice.projects ?? before?.projects ?? 'plain',
    projectNames: choice.projectNames ?? before?.projectNames ?? {},
    ...(ledger === undefined ? {} : { ledger }),
    joinedAt: before?.joinedAt ?? new Date(now).toISOString(),
  };
}

export async function saveMembership(membership: Membership, path: string = membershipPath()): Promise<void> {
  await nodeDisk.mkdir(dirname(path));
  await writeFileAtomically(path, `${JSON.stringify(membership, undefined, 2)}\n`);
}

export function dropMembership(path: string = membershipPath()): Promise<void> {
  return unlinkIfThere(nodeDisk, path).then(() => undefined);
}

function ownUser(): string {
  try {
    return userInfo().username;
  } catch {
    // The user has no entry in the system's user database, as in some containers.
    return 'unknown';
  }
}
