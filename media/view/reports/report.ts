import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { HostAnswer } from '../../../src/protocol/messages.ts';
import { plain } from '../../../src/usage/text.ts';
import { Superseded } from '../../client.ts';
import type { ViewContext } from '../../context.ts';
import { t } from '../../model/texts.ts';
import { LightElement } from '../light.ts';

/** A report that is shown in place of the figures. It is asked for when it is shown, because the answer takes a while. */
export abstract class SpendReport extends LightElement {
  static override properties = {
    context: { attribute: false },
    report: { state: true },
    failure: { state: true },
  };
  declare context: ViewContext;
  declare report: HostAnswer | undefined;
  declare failure: string | undefined;

  /** Its heading. */
  abstract readonly heading: string;
  /** A sentence that is shown until the answer comes. */
  abstract readonly waiting: string;

  /** Asks the host. undefined: something has to be chosen first. */
  protected abstract answer(): Promise<HostAnswer | undefined>;
  protected abstract body(answer: HostAnswer): unknown;

  /** Controls between the heading and the answer. */
  protected controls(): unknown {
    return nothing;
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>('h2')?.focus();
  }

  protected async look(): Promise<void> {
    this.report = this.failure = undefined;
    try {
      this.report = await this.answer();
    } catch (error) {
      if (!(error instanceof Superseded)) this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  protected override render(): TemplateResult {
    const { report, failure } = this;
    const isLooking = report === undefined && failure === undefined;
    return html`<section class="report" aria-labelledby="report-title">
      <header class="section-header">
        <h2 id="report-title" tabindex="-1">${this.heading}</h2>
        <div class="controls">
          <vscode-button secondary icon="arrow-left" @click=${() => this.context.set({ report: undefined })}
            >${t('Back to costs')}</vscode-button
          >
          <vscode-button secondary icon="refresh" @click=${() => void this.look()}>${t('Look again')}</vscode-button>
        </div>
      </header>
      ${this.controls()} ${failure === undefined ? nothing : html`<p role="alert">${plain(failure)}</p>`}
      ${isLooking ? html`<p role="status">${this.waiting}</p>` : nothing}
      ${report === undefined ? nothing : this.body(report)}
    </section>`;
  }
}

/** A list of sentences below a title; nothing without sentences. */
export function linesTemplate(title: string, lines: readonly string[]): TemplateResult | typeof nothing {
  if (lines.length === 0) return nothing;
  return html`${title === '' ? nothing : html`<h3>${title}</h3>`}
    <ul>
      ${lines.map((line) => html`<li>${plain(line)}</li>`)}
    </ul>`;
}

/** A table whose first column names its rows. @param classes `numbers`: the other columns are aligned to the right. */
export function reportTable(
  name: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  classes = '',
): TemplateResult {
  return html`<div class="report-table ${classes}" role="region" aria-label=${name} tabindex="0">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${plain(column)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first = '', ...cells]) =>
            html`<tr>
              <th scope="row">${plain(first)}</th>
              ${cells.map((cell) => html`<td>${plain(cell)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
