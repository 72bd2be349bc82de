import { readFileSync } from 'node:fs';
import type * as vscode from 'vscode';
import type { Membership } from '../../sync/membership.ts';
import { membershipPath } from '../../system/paths.ts';
import type * as dialogs from '../common/dialogs.ts';
import { runOwnCommand } from '../common/ownCommand.ts';
import type { BudgetWatch } from '../budgets/budgetWatch.ts';
import type { ReportDocuments } from '../common/reportDocuments.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { ScopedCosts } from './scopedCosts.ts';

/** The parts of the window that the team's code works with. */
export interface TeamWindow {
  /** The path of the command. */
  cli: string;
  secrets: vscode.SecretStorage;
  /** This machine's ledgers. */
  service: LedgerService;
  shown: ScopedCosts;
  budgets: BudgetWatch;
  documents: ReportDocuments;
  /** Passed in, because they bring much code that the extension has loaded already. */
  dialogs: Pick<typeof dialogs, 'confirm' | 'showInfo' | 'showWarning'>;
  log: vscode.LogOutputChannel;
  /** Opens the team's ledger for reading. */
  open: (url: string) => LedgerService;
}

/** A failed `llm-spend sync`, with the code of its JSON output. */
export class SyncFailure extends Error {
  override readonly name = 'SyncFailure';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** This machine's membership; undefined if there is none, or its file is unusable: `readMembership` throws then, and `llm-spend sync` reports the problem. */
export function usableMembership(): Membership | undefined {
  try {
    const read = JSON.parse(readFileSync(membershipPath(), 'utf8')) as Membership;
    return typeof read.url === 'string' && typeof read.user === 'string' ? read : undefined;
  } catch {
    return undefined;
  }
}

/** The password of a team's ledger is kept by the editor. undefined: libpq's own places have it, or there is none. */
export async function passwordOf({ secrets }: Pick<TeamWindow, 'secrets'>, url: string): Promise<string | undefined> {
  return secrets.get(secretName(url));
}

export async function savePassword({ secrets }: TeamWindow, url: string, password: string): Promise<void> {
  await secrets.store(secretName(url), password);
}

export async function forgetPassword({ secrets }: TeamWindow, url: string): Promise<void> {
  await secrets.delete(secretName(url));
}

function secretName(url: string): string {
  return `llmSpend.team ${url}`;
}

/**
 * Runs `llm-spend sync` in a separate process: comparing a large ledger takes seconds of computing.
 * @returns its JSON output. @throws {SyncFailure} with a message that is display text.
 */
export async function runSync<T>(
  { cli }: Pick<TeamWindow, 'cli'>,
  args: readonly string[],
  { password, signal }: { password?: string | undefined; signal?: AbortSignal } = {},
): Promise<T> {
  const { code, written, said } = await runOwnCommand(cli, ['sync', '--json', ...args], {
    // A sync can be stopped at any moment; the next one completes it.
    signal,
    // A change reaches the others soon on a busy machine, too; the command itself lowers its priority for long work.
    env: { LLM_SPEND_BACKGROUND: '1', ...(password === undefined ? {} : { PGPASSWORD: password }) },
  });
  return outcomeOf(code, written, said) as T;
}

function outcomeOf(code: number | null, written: string, said: string): unknown {
  let outcome: { error?: { code?: unknown; message?: unknown } } | undefined;
  try {
    outcome = JSON.parse(written) as typeof outcome;
  } catch {
    // It was stopped, or could not start.
  }
  if (outcome !== undefined && outcome.error === undefined) return outcome;
  const { code: reason = 'internal', message = said || `llm-spend sync ended with ${code}` } = outcome?.error ?? {};
  throw new SyncFailure(String(reason), String(message));
}
