import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { CoverageReport } from '../../../src/protocol/reports.ts';
import type { Action } from '../../../src/protocol/messages.ts';
import { plain } from '../../../src/usage/text.ts';
import { Superseded } from '../../client.ts';
import type { Format } from '../../model/format.ts';
import type { AskHost } from '../../model/questions.ts';
import { t } from '../../model/texts.ts';
import { LightElement, never } from '../light.ts';

/** The page that says which usage is covered, and how to cover more. */

type SourceRow = CoverageReport['sources'][number];

/** Asks when it is shown, because the answer takes a while and most visits do not need it. */
export class SpendCoverage extends LightElement {
  static override properties = {
    format: { attribute: false },
    ask: { attribute: false, hasChanged: never },
    act: { attribute: false, hasChanged: never },
    report: { state: true },
    failure: { state: true },
  };
  declare format: Format;
  declare ask: AskHost;
  declare act: (action: Action) => void;
  declare report: CoverageReport | undefined;
  declare failure: string | undefined;

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>('h2')?.focus();
    void this.#look();
  }

  async #look(): Promise<void> {
    this.report = this.failure = undefined;
    try {
      const [answer] = await this.ask('coverage', [{ kind: 'coverage' }]);
      if (answer?.kind === 'coverage') this.report = answer.report;
    } catch (error) {
      if (!(error instanceof Superseded)) this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  protected override render(): TemplateResult {
    const { report, failure } = this;
    const isLooking = report === undefined && failure === undefined;
    return html`<section class="coverage" aria-labelledby="coverage-title">
      <header class="section-header">
        <h2 id="coverage-title" tabindex="-1">${t('What is covered?')}</h2>
        <div class="controls">
          <vscode-button secondary icon="arrow-left" @click=${() => this.dispatchEvent(new CustomEvent('close'))}
            >${t('Back to costs')}</vscode-button
          >
          <vscode-button secondary icon="refresh" @click=${() => void this.#look()}>${t('Look again')}</vscode-button>
        </div>
      </header>
      ${failure === undefined ? nothing : html`<p role="alert">${plain(failure)}</p>`}
      ${isLooking ? html`<p role="status">${t('Looking for logs, and reading the ledgers…')}</p>` : nothing}
      ${report === undefined ? nothing : this.#report(report)}
    </section>`;
  }

  #report(report: CoverageReport): TemplateResult {
    const shown = report.sources.filter(({ state, totals }) => state !== 'missing' || totals.records > 0);
    const missing = report.sources.filter((source) => !shown.includes(source));
    return html`
      ${shown.length === 0 ? html`<p>${t('No logs of a known agent were found.')}</p>` : sourcesTable(shown, this.format)}
      <div class="buttons">
        <vscode-button icon="cloud-download" @click=${() => this.act({ verb: 'import' })}
          >${t('Choose agents…')}</vscode-button
        >
        <vscode-button secondary icon="radio-tower" @click=${() => this.act({ verb: 'connect' })}
          >${t('Connect agents…')}</vscode-button
        >
        <vscode-button secondary icon="history" @click=${() => this.act({ verb: 'keepLogs' })}
          >${t('Keep logs longer…')}</vscode-button
        >
      </div>
      ${linesTemplate(t('What to do'), report.advice)} ${linesTemplate(t('Plans'), report.plan_lines)}
      ${linesTemplate(t('Live'), report.live_lines)} ${linesTemplate(t('Counts'), report.count_lines)}
      ${linesTemplate(t('Prices'), report.price_lines)}
      ${linesTemplate(
        t('Without counts on the disk'),
        report.without_counts.map(({ title, instead }) => `${title}: ${instead}`),
      )}
      ${missing.length === 0 ? nothing : linesTemplate(t('Not found'), [missing.map(({ title }) => title).join(', ')])}
    `;
  }
}

customElements.define('spend-coverage', SpendCoverage);

export function coverageTemplate(options: {
  format: Format;
  ask: AskHost;
  act: (action: Action) => void;
  close: () => void;
}): TemplateResult {
  return html`<spend-coverage
    .format=${options.format}
    .ask=${options.ask}
    .act=${options.act}
    @close=${options.close}
  ></spend-coverage>`;
}

function linesTemplate(title: string, lines: readonly string[]): TemplateResult | typeof nothing {
  if (lines.length === 0) return nothing;
  return html`<h3>${title}</h3>
    <ul>
      ${lines.map((line) => html`<li>${plain(line)}</li>`)}
    </ul>`;
}

function sourcesTable(sources: readonly SourceRow[], format: Format): TemplateResult {
  return html`<div class="coverage-table" role="region" aria-label=${t('Sources')} tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">${t('Source')}</th>
          <th scope="col">${t('State')}</th>
          <th scope="col">${t('Calls')}</th>
          <th scope="col">${t('Days')}</th>
          <th scope="col">${t('Without records')}</th>
          <th scope="col">${t('Logs deleted in')}</th>
        </tr>
      </thead>
      <tbody>
        ${sources.map(
          (source) =>
            html`<tr>
              <th scope="row">${plain(source.title)}</th>
              <td>${stateText(source, format)}</td>
              <td>${source.totals.records === 0 ? t('none yet') : format.count(source.totals.records)}</td>
              <td>${source.first_day === null ? '' : t('{0} to {1}', source.first_day, source.last_day ?? '')}</td>
              <td>${source.days_without_records === 0 ? '' : daysText(source.days_without_records, format)}</td>
              <td>${source.logs_deleted_in_days === null ? '' : daysText(source.logs_deleted_in_days, format)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
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
