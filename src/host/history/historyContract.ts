import type { LedgerState } from '../../library/index.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import type { Action, HistorySnapshot, ToView } from '../../protocol/messages.ts';
import type { AggregateQuery, Calendar, Group, Page, PageQuery } from '../../usage/query.ts';
import type { HistoryPalette, Memory } from './historyPalette.ts';

/** The ledgers as the cost history uses them. Aggregates and pages cover all ledgers shown. */
export interface HistoryBackend {
  readonly snapshot: {
    /** Grows with every change of anything here. */
    version: number;
    /** false until the ledgers were read once. */
    loaded: boolean;
    ledgers: readonly { path: string; label: string; primary: boolean; state: LedgerState }[];
    /** Why the ledgers could not be opened, in words for people. */
    failure: string | undefined;
    /** When a change was last seen, ms since the epoch. */
    updatedAt: number | undefined;
  };
  readonly calendar: Calendar;
  /** The currency of the costs shown; undefined: USD. */
  readonly currency: DisplayCurrency | undefined;
  /** After each change of the above, coalesced. */
  onDidChange(listener: () => void): Disposable;
  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
  /** Performs an action. Resolves with a sentence to show, if there is one, and rejects with an error for people. */
  perform(action: LedgerAction): Promise<string | undefined>;
}

/** The actions that concern the ledgers; the others are the editor's. */
export type LedgerAction = Exclude<Action, EditorAction>;
export type EditorAction = Extract<Action, { verb: 'copy' | 'saveImage' | 'openPanel' | 'openSettings' }>;

export function isEditorAction(action: Action): action is EditorAction {
  return ['copy', 'saveImage', 'openPanel', 'openSettings'].includes(action.verb);
}

export interface Disposable {
  dispose(): void;
}

/** One webview, seen from the host. */
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
  /** Performs the actions that concern the editor rather than the ledgers. */
  perform: (action: EditorAction) => Promise<string | undefined>;
  log: (message: string) => void;
}
