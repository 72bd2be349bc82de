import { dirname, join } from 'node:path';
import { writeFileAtomically } from '../system/atomicFile.ts';
import { readBesideSync } from '../system/beside.ts';
import { importedLedgerPath } from '../system/paths.ts';
import type { QuotaSample } from '../usage/time/quota.ts';

/**
 * Reports of agents that are not usage: the state of a plan's quota, and a session's cost by the agent's own count. They are kept in
 * `.agent-samples.json` beside the ledger: `{ "version": 1, "quota": [...], "sessions": [...] }`. Losing one does no harm, so writers do
 * not wait for each other.
 */
export interface AgentSamples {
  quota: readonly QuotaSample[];
  sessions: readonly SessionCost[];
}

/** A session's cost by the agent's own count. */
export interface SessionCost {
  agent: string;
  session: string;
  /** USD. */
  cost: number;
  /** ms since the epoch. */
  at: number;
}

const VERSION = 1;
const MAX_QUOTA = 500;
const MAX_SESSIONS = 300;
/** A repetition is kept only when it is this much newer, ms. */
const REPEATED_MS = 60_000;
const DAY_MS = 86_400_000;

/** @param ledger the primary ledger. */
export function samplesPath(ledger: string): string {
  return join(dirname(importedLedgerPath(ledger)), '.agent-samples.json');
}

/** Leaves out entries that cannot be read. A file of a newer version counts as none. */
export function readSamples(path: string): AgentSamples {
  let file: Partial<AgentSamples> & { version?: unknown };
  try {
    file = (JSON.parse(readBesideSync(path).toString()) ?? {}) as typeof file;
  } catch {
    file = {};
  }
  const isKnown = file.version === VERSION;
  const list = (value: unknown): unknown[] => (isKnown && Array.isArray(value) ? (value as unknown[]) : []);
  return { quota: list(file.quota).filter(isQuota), sessions: list(file.sessions).filter(isSession) };
}

/** Adds samples that say something new. A failure costs these samples only. */
export async function addSamples(path: string, more: Partial<AgentSamples>, now: number): Promise<void> {
  const before = readSamples(path);
  const quota = newQuota(before.quota, more.quota ?? []);
  const sessions = newSessions(before.sessions, more.sessions ?? []);
  if (quota === before.quota && sessions === before.sessions) return;
  const kept: AgentSamples = {
    quota: quota.filter(({ resetsAt }) => resetsAt > now - DAY_MS).slice(-MAX_QUOTA),
    sessions: sessions.slice(-MAX_SESSIONS),
  };
  await writeFileAtomically(path, `${JSON.stringify({ version: VERSION, ...kept })}\n`, { durable: false }).catch(
    () => undefined,
  );
}

/** Of equal samples of a window the first and the last one are kept: the first for the pace, the last for the age. */
function newQuota(before: readonly QuotaSample[], more: readonly QuotaSample[]): readonly QuotaSample[] {
  let result = before;
  for (const sample of more) {
    const equal = result.filter(
      ({ agent, lengthMs, resetsAt, usedPercent }) =>
        agent === sample.agent &&
        lengthMs === sample.lengthMs &&
        Math.abs(resetsAt - sample.resetsAt) < REPEATED_MS &&
        usedPercent === sample.usedPercent,
    );
    if (equal.some(({ at }) => Math.abs(sample.at - at) < REPEATED_MS)) continue;
    const replaced = equal.length > 1 ? equal.at(-1) : undefined;
    if (replaced !== undefined && replaced.at > sample.at) continue;
    result = [...result.filter((each) => each !== replaced), sample];
  }
  return result;
}

/** A session's cost only rises; an older report is of no use. */
function newSessions(before: readonly SessionCost[], more: readonly SessionCost[]): readonly SessionCost[] {
  let result = before;
  for (const each of more) {
    const known = result.find(({ agent, session }) => agent === each.agent && session === each.session);
    if (known !== undefined && known.cost >= each.cost) continue;
    result = [...result.filter((one) => one !== known), each];
  }
  return result;
}

function isQuota(value: unknown): value is QuotaSample {
  const { agent, name, usedPercent, resetsAt, lengthMs, at } = (value ?? {}) as Record<string, unknown>;
  const numbers = [usedPercent, resetsAt, lengthMs, at];
  return typeof agent === 'string' && typeof name === 'string' && numbers.every((each) => Number.isFinite(each));
}

function isSession(value: unknown): value is SessionCost {
  const { agent, session, cost, at } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof agent === 'string' &&
    typeof session === 'string' &&
    Number.isFinite(cost) &&
    Number(cost) >= 0 &&
    Number.isFinite(at)
  );
}
