import type { Ledger } from '../../ledger/ledger.ts';
import { ledgerVersion, savedText, saveState, stateIn, statePath } from './state.ts';

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
    .map((source) => statePath(path, source))
    .map((file) => ({ file, text: savedText(file) }))
    .map(({ file, text }) => ({ file, text, state: stateIn(text) }))
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
  for (const { file, text, state } of sound) {
    // Another import has read further in the meantime, and notes this itself.
    if (savedText(file) !== text) continue;
    await saveState(file, { ...state, ledger: version });
  }
}
