import type { LedgerState } from '../../library/index.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import type { BudgetRow } from '../../protocol/budgetRow.ts';
import type { CoverageReport, MoneyReport } from '../../protocol/reports.ts';
import type { Action, HistorySnapshot, MoneyQuestion, ToView } from '../../protocol/messages.ts';
import type { AggregateQuery, Calendar, Group, Page, PageQuery } from '../../usage/query.ts';
import type { Scope } from '../../usage/dimensions.ts';
import type { HistoryPalette, Memory } from './historyPalette.ts';

/** The ledgers as used by the cost history. Aggregates and pages cover all ledgers shown. */
export interface HistoryBackend {
  readonly snapshot: {
    /** Increases with every change of anything here. */
    version: number;
    /** false until the ledgers have been read once. */
    loaded: boolean;
    ledgers: readonly { path: string; label: string; primary: boolean; state: LedgerState }[];
    /** Why the ledgers could not be opened, as display text. */
    failure: string | undefined;
    /** Time of the last change seen, ms since the epoch. */
    updatedAt: number | undefined;
  };
  /** The machines whose costs are shown; undefined: this machine is in no team. */
  readonly scope?: Scope | undefined;
  readonly calendar: Calendar;
  /** The currency of the costs shown; undefined: USD. */
  readonly currency: DisplayCurrency | undefined;
  /** As the page shows them. */
  readonly budgets: readonly BudgetRow[];
  /** The age of the prices in days, if they are old. */
  readonly priceDays?: number | undefined;
  /** Calls `listener` after each change of the above, coalesced. */
  onDidChange(listener: () => void): Disposable;
  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
  /** The coverage of the sources of usage. Takes a second or more. */
  coverage(signal: AbortSignal): Promise<CoverageReport>;
  /** A report in money. Takes a second or more. */
  money(question: MoneyQuestion, signal: AbortSignal): Promise<MoneyReport>;
  /** Performs an action. Resolves with a sentence to show, if there is one; rejects with a readable error. */
  perform(action: LedgerAction): Promise<string | undefined>;
}

/** The actions on ledgers; the others are actions of the editor. */
export type LedgerAction = Exclude<Action, EditorAction>;
export type EditorAction = Extract<Action, { verb: 'copy' | 'saveImage' | 'openPanel' | 'openSettings' }>;

export function isEditorAction(action: Action): action is EditorAction {
  return ['copy', 'saveImage', 'openPanel', 'openSettings'].includes(action.verb);
}

export interface Disposable {
  dispose(): void;
}

/** A webview as seen by the host. */
export interface Port {
  post(message: ToView): void;
  onMessage(listener: (message: unknown) => void): Disposable;
}

export interface SessionOptions {
  backend: HistoryBackend;
  port: Port;
  palette: HistoryPalette;
  memory: Memory;
  place: HistorySnapshot['place'];
  locale: string;
  /** A message of another layer in the user's language. Absent: as it is. */
  inLanguage?: (english: string) => string;
  /** Performs actions that concern the editor rather than the ledgers. */
  perform: (action: EditorAction) => Promise<string | undefined>;
  log: (message: string) => void;
}
