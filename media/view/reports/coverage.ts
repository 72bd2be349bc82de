import { html, nothing } from 'lit';
import type { HostAnswer } from '../../../src/protocol/messages.ts';
import type { CoverageReport } from '../../../src/protocol/reports.ts';
import type { TemplateResult } from 'lit';
import type { Format } from '../../model/format.ts';
import { t } from '../../model/texts.ts';
import { linesTemplate, reportTable, SpendReport } from './report.ts';

/** The page that says which usage is covered, and how to cover more. */

type SourceRow = CoverageReport['sources'][number];

export class SpendCoverage extends SpendReport {
  readonly heading = t('What is covered?');
  readonly waiting = t('Looking for logs, and reading the ledgers…');

  protected override firstUpdated(): void {
    super.firstUpdated();
    void this.look();
  }

  protected override async answer(): Promise<HostAnswer | undefined> {
    const [answer] = await this.context.ask('report', [{ kind: 'coverage' }]);
    return answer;
  }

  protected override body(answer: HostAnswer): unknown {
    if (answer.kind !== 'coverage') return nothing;
    const { report } = answer;
    const { format, act } = this.context;
    const shown = report.sources.filter(({ state, totals }) => state !== 'missing' || totals.records > 0);
    const missing = report.sources.filter((source) => !shown.includes(source));
    return html`
      ${shown.length === 0 ? html`<p>${t('No logs of a known agent were found.')}</p>` : sourcesTable(shown, format)}
      <div class="buttons">
        <vscode-button icon="cloud-download" @click=${() => act({ verb: 'import' })}
          >${t('Choose agents…')}</vscode-button
        >
        <vscode-button secondary icon="radio-tower" @click=${() => act({ verb: 'connect' })}
          >${t('Connect agents…')}</vscode-button
        >
        <vscode-button secondary icon="history" @click=${() => act({ verb: 'keepLogs' })}
          >${t('Keep logs longer…')}</vscode-button
        >
      </div>
      ${linesTemplate(t('What to do'), report.advice)} ${linesTemplate(t('Plans'), report.plan_lines)}
      ${linesTemplate(t('Live'), report.live_lines)} ${linesTemplate(t('Counts'), report.count_lines)}
      ${linesTemplate(t('Prices'), report.price_lines)}
      ${linesTemplate(
        t('Without token counts on this machine'),
        report.without_counts.map(({ title, instead }) => `${title}: ${instead}`),
      )}
      ${missing.length === 0 ? nothing : linesTemplate(t('Not found'), [missing.map(({ title }) => title).join(', ')])}
    `;
  }
}

customElements.define('spend-coverage', SpendCoverage);

function sourcesTable(sources: readonly SourceRow[], format: Format): TemplateResult {
  const columns = [t('Source'), t('State'), t('Calls'), t('Days'), t('Without records'), t('Logs deleted in')];
  const rows = sources.map((source) => [
    source.title,
    stateText(source, format),
    source.totals.records === 0 ? t('none yet') : format.count(source.totals.records),
    source.first_day === null ? '' : t('{0} to {1}', source.first_day, source.last_day ?? ''),
    source.days_without_records === 0 ? '' : daysText(source.days_without_records, format),
    source.logs_deleted_in_days === null ? '' : daysText(source.logs_deleted_in_days, format),
  ]);
  return reportTable(t('Sources'), columns, rows);
}

function daysText(days: number, format: Format): string {
  return days === 1 ? t('1 day') : t('{0} days', format.count(days));
}

function stateText({ state, off, files }: SourceRow, format: Format): string {
  if (state === 'missing') return t('no logs on this machine');
  if (state === 'empty') return t('no logs yet');
  const logs = files === 1 ? t('1 log') : t('{0} logs', format.count(files));
  return off === true ? t('off, {0}', logs) : t('on, {0}', logs);
}
