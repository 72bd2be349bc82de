import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { EMPTY_STATE } from '../../src/protocol/emptyState.ts';
import type { Action, LedgerInfo, HistorySnapshot } from '../../src/protocol/messages.ts';
import { plain } from '../../src/usage/text.ts';
import { scopeTemplate } from './scope.ts';
import { t } from '../model/texts.ts';

type Act = (action: Action) => void;

/** Templates shown in place of the figures while there are none. */
export function loadingTemplate(): TemplateResult {
  return html`<div class="state" role="status">
    <vscode-progress-bar .ariaLabel=${t('Reading the ledger')}></vscode-progress-bar>
    <p>${t('Reading the ledger…')}</p>
  </div>`;
}

export function failureTemplate(message: string, act: Act): TemplateResult {
  return html`<div class="state" role="alert">
    <span class="codicon codicon-error state-icon"></span>
    <h2>${t('The ledger cannot be opened')}</h2>
    <p>${plain(message)}</p>
    <div class="buttons">
      <vscode-button icon="refresh" @click=${() => act({ verb: 'refresh' })}>${t('Try Again')}</vscode-button>
      <vscode-button secondary icon="gear" @click=${() => act({ verb: 'openSettings' })}
        >${t('Settings')}</vscode-button
      >
    </div>
  </div>`;
}

/** A ledger without records: the next steps, with buttons for them. */
export function emptyTemplate(act: Act): TemplateResult {
  const { title, text, actions } = EMPTY_STATE;
  return html`<div class="state">
    <span class="codicon codicon-graph state-icon"></span>
    <h2>${t(title)}</h2>
    <p>${t(text)}</p>
    <div class="buttons">
      <vscode-button icon="cloud-download" @click=${() => act({ verb: 'import' })}>${t(actions.import)}</vscode-button>
      <vscode-button secondary icon="add" @click=${() => act({ verb: 'record' })}>${t(actions.record)}</vscode-button>
      <vscode-button secondary icon="copy" @click=${() => act({ verb: 'copyCommand' })}
        >${t(actions.copy)}</vscode-button
      >
      <vscode-button secondary icon="book" @click=${() => act({ verb: 'walkthrough' })}
        >${t(actions.walkthrough)}</vscode-button
      >
    </div>
  </div>`;
}

/** The problems and warnings of the ledgers, with actions. */
export function problemsTemplate({ ledgers }: HistorySnapshot, act: Act): TemplateResult | typeof nothing {
  const unsound = ledgers.filter(({ health, problems }) => isDamaged(health) || problems.length > 0);
  if (unsound.length === 0) return nothing;
  return html`${unsound.map((ledger) => problemTemplate(ledger, act))}`;
}

/** The page of ledgers without records. Those of the team may have none while this machine's have. */
export function withoutRecordsTemplate(snapshot: HistorySnapshot, act: Act): TemplateResult {
  return html`<div class="content">
    ${scopeTemplate(snapshot, act)} ${problemsTemplate(snapshot, act)}
    ${snapshot.ledgers.some(({ health }) => isDamaged(health)) ? nothing : emptyTemplate(act)}
  </div>`;
}

const MOST_PROBLEMS = 3;

export function isDamaged(health: LedgerInfo['health']): boolean {
  return health === 'damaged' || health === 'unavailable';
}

function problemTitle(health: LedgerInfo['health']): string {
  if (health === 'unavailable') return t('Cannot be read');
  return health === 'damaged' ? t('Damaged') : t('Warning');
}

function problemTemplate(ledger: LedgerInfo, act: Act): TemplateResult {
  const { path, label, health, problems, primary } = ledger;
  const more = problems.length - MOST_PROBLEMS;
  return html`<div class="problem" role="alert">
    <span class="codicon codicon-${health === 'unavailable' ? 'error' : 'warning'}"></span>
    <div>
      <strong title=${plain(path)}>${problemTitle(health)}: ${plain(label)}</strong>
      <ul>
        ${problems.slice(0, MOST_PROBLEMS).map(({ message }) => html`<li>${plain(message)}</li>`)}
        ${more > 0 ? html`<li>${t('and {0} more', more)}</li>` : nothing}
      </ul>
      ${isDamaged(health) ? html`<p>${t('Totals include only the records that can be read.')}</p>` : nothing}
      <div class="buttons">
        ${
          primary && health === 'damaged'
            ? html`<vscode-button icon="wrench" @click=${() => act({ verb: 'repair' })}>${t('Repair…')}</vscode-button>`
            : nothing
        }
        <vscode-button secondary icon="checklist" @click=${() => act({ verb: 'verify' })}
          >${t('Details')}</vscode-button
        >
        <vscode-button secondary icon="go-to-file" @click=${() => act({ verb: 'openLedger', path })}
          >${t('Open')}</vscode-button
        >
      </div>
    </div>
  </div>`;
}
