import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { coverageReport, type CoverageReport } from '../../protocol/reports.ts';
import { ownEnvironment } from '../../system/paths.ts';
import { confirm } from '../common/dialogs.ts';
import { isWanted } from '../import/agentChoice.ts';
import { askCommand } from '../common/ownCommand.ts';

/**
 * Asks `llm-spend doctor`.
 * @param ledger the primary ledger.
 */
export async function readCoverage(cli: string, ledger: string, signal: AbortSignal): Promise<CoverageReport> {
  const answer = await askCommand(cli, ['doctor'], { env: { LLM_SPEND_LEDGER: ledger }, signal });
  const { AGENTS } = await import('../../sources/agents.ts');
  const report = coverageReport().parse(answer);
  const isOn = vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.importEnabled) === true;
  return {
    ...report,
    sources: report.sources.map((source) => {
      const agent = AGENTS.find(({ id }) => id === source.source);
      return { ...source, off: agent !== undefined && !(isOn && isWanted(agent)) };
    }),
  };
}

/** Makes Claude Code keep its logs for a year, after a question. @returns a sentence to show. */
export async function keepLogs(): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const { keepClaudeLogs, KEPT_DAYS } = await import('../../live/index.ts');
  const question = t('Keep the logs of Claude Code for {0} days?', KEPT_DAYS);
  const detail = t('This sets cleanupPeriodDays in its user settings. A copy of the file is kept beside it.');
  if (!(await confirm(question, detail, t('Keep Logs')))) return undefined;
  const { file, before, after } = await keepClaudeLogs(ownEnvironment());
  return before === after
    ? t('Claude Code already keeps its logs for {0} days.', before)
    : t('Claude Code now keeps its logs for {0} days: {1}', after, file);
}
