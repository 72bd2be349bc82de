import { html, nothing } from 'lit';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/vscode-textfield.js';
import type { HostAnswer } from '../../../src/protocol/messages.ts';
import type { MoneyReport } from '../../../src/protocol/reports.ts';
import { groupsOf } from '../../load.ts';
import { filterMessage, groups } from '../../model/questions.ts';
import { t } from '../../model/texts.ts';
import { linesTemplate, reportTable, SpendReport } from './report.ts';

/** The usage in sight at the prices of other models, and the prompt cache in dollars. */

/** As many of the models in use are compared before others are chosen. */
const FIRST_MODELS = 3;

abstract class SpendMoney extends SpendReport {
  readonly waiting = t('Reading the ledgers and the prices…');

  /** The filter of the last look: other figures are in sight after it has changed. */
  #asked = '';

  protected override updated(): void {
    const filter = JSON.stringify(this.context.shown.filter);
    if (filter === this.#asked) return;
    this.#asked = filter;
    void this.look();
  }

  protected async money(report: 'compare' | 'cache', models: string[]): Promise<HostAnswer | undefined> {
    const filter = filterMessage(this.context.shown.filter);
    const [answer] = await this.context.ask('report', [{ kind: 'money', report, models, filter }]);
    return answer;
  }

  protected override body(answer: HostAnswer): unknown {
    return answer.kind === 'money' ? tablesTemplate(answer.report) : nothing;
  }
}

export class SpendCache extends SpendMoney {
  readonly heading = t('Prompt cache');

  protected override answer(): Promise<HostAnswer | undefined> {
    return this.money('cache', []);
  }
}

export class SpendCompare extends SpendMoney {
  readonly heading = t('Compare models');
  #models: string | undefined;

  protected override async answer(): Promise<HostAnswer | undefined> {
    this.#models ??= (await this.#modelsInUse()).join(', ');
    const models = this.#models.split(',').map((name) => name.trim());
    return this.money('compare', models.filter((name) => name !== '').slice(0, 10));
  }

  /** The models that cost most, without those that have no price. */
  async #modelsInUse(): Promise<string[]> {
    const { ask, snapshot } = this.context;
    const [answer] = await ask('report', [groups({}, ['model'], snapshot.calendar, { count: 20, by: 'cost' })]);
    const priced = groupsOf(answer).groups.filter(
      ({ rest, totals }) => rest === undefined && totals.unpriced < totals.records,
    );
    return priced.flatMap(({ key }) => key[0] ?? []).slice(0, FIRST_MODELS);
  }

  protected override controls(): unknown {
    return html`<form
      class="report-form"
      @submit=${(event: Event) => {
        event.preventDefault();
        this.#compare();
      }}
    >
      <vscode-textfield
        .label=${t('Models, separated by commas')}
        .value=${this.#models ?? ''}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Enter') this.#compare();
        }}
      ></vscode-textfield>
      <vscode-button icon="arrow-swap" @click=${() => this.#compare()}>${t('Compare')}</vscode-button>
    </form>`;
  }

  #compare(): void {
    this.#models = this.querySelector<VscodeTextfield>('vscode-textfield')?.value ?? '';
    void this.look();
  }
}

customElements.define('spend-cache', SpendCache);
customElements.define('spend-compare', SpendCompare);

function tablesTemplate({ tables, notes }: MoneyReport): unknown {
  return html`${tables.map(({ title, columns, rows }) => {
    const table = reportTable(title || t('Figures'), columns, rows, 'numbers');
    return title === ''
      ? table
      : html`<h3>${title}</h3>
          ${table}`;
  })}
  ${linesTemplate('', notes)}`;
}
