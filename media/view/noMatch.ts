import { html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import type { Choices } from '../../src/protocol/choices.ts';
import { plain } from '../../src/usage/text.ts';
import { Superseded } from '../client.ts';
import type { ViewContext } from '../context.ts';
import { alternativesTo } from '../model/alternatives.ts';
import type { Alternative } from '../model/alternatives.ts';
import { callsText } from './glance.ts';
import { LightElement } from './light.ts';
import { t } from '../model/texts.ts';

/** Where no call matches: the filters that would have to go for calls to match, with their number. */
export class SpendNoMatch extends LightElement {
  static override properties = { context: { attribute: false }, choices: { attribute: false }, ways: { state: true } };
  declare context: ViewContext;
  /** The choices that found nothing. */
  declare choices: Choices;
  declare ways: readonly Alternative[];

  constructor() {
    super();
    this.ways = [];
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('choices')) void this.#look();
  }

  async #look(): Promise<void> {
    const { ask, snapshot, shown } = this.context;
    try {
      this.ways = await alternativesTo(ask, snapshot, this.choices, shown.now);
    } catch (error) {
      if (!(error instanceof Superseded)) this.ways = [];
    }
  }

  protected override render(): TemplateResult {
    const { choose, format } = this.context;
    return html`<div class="state">
      <span class="codicon codicon-search-stop state-icon"></span>
      <h2>${t('No calls match')}</h2>
      <p>${this.ways.length === 0 ? t('No recorded call matches the filters.') : t('These would match:')}</p>
      <div class="buttons">
        ${this.ways.map(
          ({ label, changes, calls }) =>
            html`<vscode-button @click=${() => choose(changes)}
              >${plain(label, { max: 80 })}: ${callsText(calls, format)}</vscode-button
            >`,
        )}
        ${
          this.choices.search === '' && Object.keys(this.choices.values).length === 0
            ? nothing
            : html`<vscode-button secondary icon="clear-all" @click=${() => choose({ values: {}, search: '' })}
                >${t('Reset filters')}</vscode-button
              >`
        }
      </div>
    </div>`;
  }
}
customElements.define('spend-no-match', SpendNoMatch);
