import type { Ledger } from '../../ledger/ledger.ts';
import type { UndoResult } from '../../ledger/results.ts';
import { forgetStates } from './state.ts';

/**
 * Undoes the last change of a ledger, which may be an import; undefined when there is none. After the undo of an import, the
 * next import reads all logs from their start, so that it brings the records back.
 * @param options.importedAt undoes the import of this time, whichever changes came after it.
 */
export async function undoLedger(
  ledger: Ledger,
  options: { dryRun?: boolean; importedAt?: string } = {},
): Promise<UndoResult | undefined> {
  const result = await ledger.undo(options);
  if (result?.undone === 'import' && options.dryRun !== true) await forgetStates(ledger.path);
  return result;
}
