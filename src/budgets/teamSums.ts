import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { updateFile } from '../system/atomicFile.ts';
import { nodeDisk } from '../system/nodeDisk.ts';
import { membershipPath, stateFolder } from '../system/paths.ts';
import { withTimeout } from '../system/withTimeout.ts';
import type { AggregateQuery, Group } from '../usage/query.ts';
import type { TeamScope } from './budget.ts';
import { budgetsPath } from './budgetFile.ts';
import { TEAM_MS, type BudgetTeam } from './budgetTeam.ts';

/**
 * Sums of the team's ledger for budgets. Windows, `watch`, `sync` and `budget check` ask the server, and keep the answers in
 * `team-budgets.json` in the state folder. All others, and all while the server cannot be reached, use the kept ones.
 */

/** Sums that may be out of date. */
export interface StaleSums {
  /** When the server was asked, ms since the epoch; undefined: never. */
  asOf: number | undefined;
}

/** Sums by day, and whether they may be out of date. */
export interface DaySums {
  groups: Group[];
  /** undefined: the server has just been asked, or a few minutes ago. */
  stale: StaleSums | undefined;
}

interface Kept {
  asOf: number;
  groups: Group[];
}

/** Kept sums that are older than this are called out of date: a window that is open asks once a minute, ms. */
const FRESH_MS = 2 * 60_000;
/** Sums of budgets that were changed or removed are dropped after this time, ms. */
const KEPT_MS = 60 * 86_400_000;
/** Unchanged sums are not written again within this time, ms. */
const AGAIN_MS = 20_000;

export function teamSumsPath(): string {
  return join(stateFolder(), 'team-budgets.json');
}

/** The files that the states of budgets depend on, besides the ledgers. */
export function budgetFiles(): string[] {
  return [budgetsPath(), teamSumsPath()];
}

/** Asks the team, and keeps the answer; otherwise returns the last one. Never rejects. @param query by day. */
export async function daySums(
  team: BudgetTeam | undefined,
  scope: TeamScope,
  query: AggregateQuery,
  now: number,
): Promise<DaySums> {
  const unknown = { groups: [], stale: { asOf: undefined } };
  // A process that has not noticed yet that this machine left the team may have kept its sums again.
  if (!existsSync(membershipPath())) return unknown;
  const key = keyOf(scope, query);
  if (team !== undefined) {
    try {
      const groups = await withTimeout(team.sums(scope, query), TEAM_MS);
      if (groups !== undefined) {
        await keep(key, { asOf: now, groups });
        return { groups, stale: undefined };
      }
    } catch {
      // The reason is shown where the server is asked; a budget only says how old its sums are.
    }
  }
  const kept = readKept()[key];
  if (kept === undefined) return unknown;
  const isFresh = team === undefined && Math.abs(now - kept.asOf) < FRESH_MS;
  return { groups: kept.groups, stale: isFresh ? undefined : { asOf: kept.asOf } };
}

/** Removes the kept sums of a team that this machine has left. */
export async function forgetTeamSums(): Promise<void> {
  await nodeDisk.unlink(teamSumsPath()).catch(() => undefined);
}

/** The time is no part of it: days of an earlier look are still those of the same days. */
function keyOf(scope: TeamScope, { filter, calendar }: AggregateQuery): string {
  return JSON.stringify([scope, filter.values ?? {}, filter.search ?? '', calendar.timeZone]);
}

function readKept(): Record<string, Kept | undefined> {
  try {
    return parseKept(readFileSync(teamSumsPath(), 'utf8'));
  } catch {
    // Missing or damaged: the next answer of the server replaces it.
    return {};
  }
}

async function keep(key: string, sums: Kept): Promise<void> {
  const before = readKept()[key];
  const isSame = before !== undefined && textOf(before.groups) === textOf(sums.groups);
  if (isSame && sums.asOf - before.asOf >= 0 && sums.asOf - before.asOf < AGAIN_MS) return;
  try {
    const change = (): string => {
      const all = Object.entries({ ...readKept(), [key]: sums });
      return textOf(Object.fromEntries(all.filter(([, each]) => each && sums.asOf - each.asOf < KEPT_MS)));
    };
    await updateFile(teamSumsPath(), change, { durable: false });
  } catch {
    // Without the file, commands that answer at once do not know the sums.
  }
}

const BIG = /^-?\d+n$/;

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each));
}

function parseKept(text: string): Record<string, Kept | undefined> {
  return JSON.parse(text, (_, each: unknown) =>
    typeof each === 'string' && BIG.test(each) ? BigInt(each.slice(0, -1)) : each,
  ) as Record<string, Kept | undefined>;
}
