import type { CommandSpec } from '../command.ts';
import { existsSync } from 'node:fs';
import type { UndoResult } from '../../ledger/results.ts';
import { undoLedger } from '../../sources/import/undo.ts';
import { EXIT } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { ledgerPath } from '../arguments/ledgerPath.ts';
import { withLedger, type LedgerFlag } from '../arguments/ledgers.ts';
import { counted } from '../report/numbers.ts';
import type { Terminal } from '../output/terminal.ts';
import { importedLedgerPath } from '../../system/paths.ts';
import { plain } from '../../usage/text.ts';
import { t } from '../language/text.ts';

/** An undo that takes longer says so. */
const SLOW_MS = 1_000;

export interface UndoFlags extends LedgerFlag {
  dryRun?: boolean;
  json?: boolean;
}

/** `llm-spend undo`: reverts the last change of records, an import included. Fails when there is nothing to undo, for scripts. */
export async function undo(flags: UndoFlags, terminal: Terminal): Promise<number> {
  const dryRun = flags.dryRun === true;
  const chosen = flags.ledger === undefined ? await lastChanged() : flags;
  const hideNote = noteOfSlowUndo(terminal, flags.json !== true);
  const undone = withLedger(chosen, async (ledger) => ({
    path: ledger.path,
    result: await undoLedger(ledger, { dryRun }),
  }));
  await Promise.allSettled([undone]);
  await hideNote();
  const { path, result } = await undone;
  if (flags.json === true) {
    const body = { ledger: path, dry_run: dryRun, undone: result?.undone ?? null, at: result?.at ?? null };
    const { records = 0, updated, usageId } = result ?? {};
    await writeJson(
      terminal.out,
      envelope('undo', {
        ...body,
        ...(usageId !== undefined && { usage_id: usageId }),
        records,
        ...(updated !== undefined && { updated }),
      }),
    );
  } else {
    await terminal.out.line(result === undefined ? t`There is nothing to undo.` : undoText(result, dryRun));
    if (chosen !== flags && chosen.ledger !== undefined) await terminal.out.line(t`Ledger: ${plain(path)}`);
  }
  return result === undefined ? EXIT.failed : EXIT.done;
}

/** After a second, says on a terminal that the undo is still running. @returns removes the note. */
function noteOfSlowUndo({ err }: Terminal, isWanted: boolean): () => Promise<void> {
  if (!err.isTTY || !isWanted) return () => Promise.resolve();
  let isShown = false;
  const timer = setTimeout(() => {
    isShown = true;
    void err.raw(`${t`Undoing... A large import takes some seconds.`}\r`);
  }, SLOW_MS);
  return async () => {
    clearTimeout(timer);
    if (isShown) await err.raw('\u001B[K');
  };
}

/**
 * The ledger with the last change that can be undone: that of new records, or that of imports, whose records rules and `reprice`
 * change as well.
 */
async function lastChanged(): Promise<LedgerFlag> {
  const primary = ledgerPath({});
  const imported = importedLedgerPath(primary);
  if (!existsSync(imported)) return {};
  const [own, other] = await Promise.all([primary, imported].map(timeOfChange));
  return other! > own! ? { ledger: imported } : {};
}

/** ms since the epoch; negative infinity if nothing can be undone. */
async function timeOfChange(path: string): Promise<number> {
  const change = await withLedger({ ledger: path }, (ledger) => ledger.undo({ dryRun: true }));
  return change === undefined ? Number.NEGATIVE_INFINITY : Date.parse(change.at);
}

/** Descriptions of the effect: planned, done to one record, done to several. */
const RESULTS: Readonly<Record<UndoResult['undone'], readonly [string, string, string]>> = {
  add: [t`would be removed`, t`was removed`, t`were removed`],
  import: [t`would be removed`, t`was removed`, t`were removed`],
  clear: [t`would come back`, t`came back`, t`came back`],
  remove: [t`would come back`, t`came back`, t`came back`],
  replace: [t`would be as before`, t`is as before`, t`are as before`],
};

const NAMES: Readonly<Record<UndoResult['undone'], (at: string) => string>> = {
  add: (at) => t`the addition of ${at}`,
  import: (at) => t`the import of ${at}`,
  clear: (at) => t`the clear of ${at}`,
  remove: (at) => t`the remove of ${at}`,
  replace: (at) => t`the change of ${at}`,
};

function undoText({ undone, at, usageId, records, updated = 0 }: UndoResult, dryRun: boolean): string {
  const what = NAMES[undone](plain(usageId === undefined ? at : `${at}, ${t`id ${usageId}`}`));
  const count = counted(records, 'record');
  const [planned, one, several] = RESULTS[undone];
  if (dryRun) return t`Would undo ${what}: ${count} ${planned}. Nothing was changed.`;
  const lines = [t`Undid ${what}: ${count} ${records === 1 ? one : several}.`];
  const kept = counted(updated, 'record');
  if (updated > 0)
    lines.push(updated === 1 ? t`${kept} that it updated stays updated.` : t`${kept} that it updated stay updated.`);
  if (undone === 'import')
    lines.push(t`Importing again brings them back. So does the editor, while it follows agents.`);
  return lines.join('\n');
}

export const command: CommandSpec<UndoFlags> = {
  summary: 'undo the last change of the ledger: of record, import, remove, clear, edit, reprice or rules',
  options: [{ flags: '--dry-run', help: 'show what would be undone, and change nothing' }],
  examples: ['llm-spend undo --dry-run', 'llm-spend undo'],
  run: ({ flags, terminal }) => undo(flags, terminal),
};
