import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import type { SettingKey } from '../../contributions.ts';
import { expandPath, importedLedgerPath, resolveLedgerPath } from '../../library/index.ts';
import type { Ledger, LedgerView } from '../../library/index.ts';
import { openView } from '../../library/openView.ts';
import type { CostSource } from '../../pricing/costSource.ts';
import { isLedgerUrl } from '../../system/paths.ts';
import { readSettings } from '../common/settings.ts';

export interface OpenLedgers {
  primary: Ledger;
  /** The ledger of usage imported from agents' logs. */
  imported: Ledger;
  all: readonly Ledger[];
  view: LedgerView;
  /** Stops watching, commits pending records and closes the ledgers. */
  close: () => Promise<void>;
}

/**
 * Opens and watches the ledgers named in the settings.
 * @param onHint called when one of them may have changed.
 * @throws {Error} when a setting names something that cannot be a ledger.
 */
export function openLedgers(pricing: CostSource, log: vscode.LogOutputChannel, onHint: () => void): OpenLedgers {
  const { ledgerPath, ledgers, showInkwell } = readSettings();
  if (ledgerPath !== undefined) checkAbsolute(ledgerPath, SETTINGS.ledgerPath);
  for (const each of ledgers) checkAbsolute(each, SETTINGS.ledgers);
  const {
    primary,
    ledgers: all,
    view,
  } = openView(
    {
      primary: resolveLedgerPath({ setting: ledgerPath }),
      further: ledgers.map((each) => expandPath(each)),
      inkwell: showInkwell,
    },
    { source: 'extension', pricing, noteAdditions: 'each' },
  );
  log.info(`Ledger: ${all.map(({ path }) => path).join(', ')}`);
  const watching = view.watch(onHint);
  const importedPath = importedLedgerPath(primary.path);
  return {
    primary,
    imported: all.find(({ path }) => path === importedPath) ?? primary,
    all,
    view,
    close: async () => {
      watching.dispose();
      await view.close();
    },
  };
}

/** Opens a team's ledger for reading, and follows its changes. */
export function openTeamLedger(url: string, onHint: () => void): OpenLedgers {
  const {
    primary,
    ledgers: all,
    view,
  } = openView({ primary: url, imported: false, inkwell: false }, { pricing: false });
  const watching = view.watch(onHint);
  return {
    primary,
    imported: primary,
    all,
    view,
    close: async () => {
      watching.dispose();
      await view.close();
    },
  };
}

/** A relative path would depend on the folder from which the editor was started. */
function checkAbsolute(path: string, setting: SettingKey): void {
  if (isAbsolute(path) || path.startsWith('~') || isLedgerUrl(path)) return;
  const name = `${SETTINGS_SECTION}.${setting}`;
  throw new Error(vscode.l10n.t('The setting {0} must be an absolute path, but it is "{1}".', name, path));
}
