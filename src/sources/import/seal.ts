import type { Ledger } from '../../ledger/ledger.ts';
import { ledgerVersion, readState, saveState, statePath } from './state.ts';

/**
 * Notes that a ledger holds what was imported into it, so that the next import need not open it as long as nobody has
 * changed it. To be called once it is closed, which is the last change.
 * @param open opens it; it is closed again here.
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
  // Whoever wrote meanwhile may have taken out what was there.
  if (ledgerVersion(path) !== version) return;
  for (const { file, state } of sound) await saveState(file, { ...state, ledger: version });
}
