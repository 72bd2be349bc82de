import type { Ledger } from '../../ledger/ledger.ts';
import { ledgerVersion, readState, saveState, statePath } from './state.ts';

/**
 * Notes that a ledger contains the imported records, so that the next import need not open it unless it changes. Must be called
 * after the ledger is closed, which is the last change.
 * @param open opens it; it is closed here again.
 */
export async function sealImports(
  path: string,
  sources: readonly string[],
  open: () => Promise<Ledger>,
): Promise<void> {
  const states = sources
    .map((source) => ({ file: statePath(path, source), state: readState(statePath(path, source)) }))
    .filter(({ state }) => state.witness !== undefined);
  const version = ledgerVersion(path);
  if (version === undefined || states.every(({ state }) => state.ledger === version)) return;
  const ledger = await open();
  let sound;
  try {
    await ledger.refresh();
    const held = await ledger.holds(states.map(({ state }) => state.witness!));
    sound = states.filter(({ state }) => held.has(state.witness!));
  } finally {
    await ledger.close();
  }
  // Another writer may have removed records in the meantime.
  if (ledgerVersion(path) !== version) return;
  for (const { file, state } of sound) await saveState(file, { ...state, ledger: version });
}
