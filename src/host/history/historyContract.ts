import type { LedgerState } from '../../library/index.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import type { Action, HistorySnapshot, ToView } from '../../protocol/messages.ts';
import type { AggregateQuery, Calendar, Group, Page, PageQuery } from '../../usage/query.ts';
import type { HistoryPalette, Memory } from './historyPalette.ts';

/** What the cost history needs of the ledgers shown. Aggregates and pages are over the merged ledgers. */
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
  /** What costs are shown in; undefined: USD. */
  readonly currency: DisplayCurrency | undefined;
  /** After each change of the above, coalesced. */
  onDidChange(listener: () => void): Disposable;
  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
  /** Does what the person asked for. Resolves with a sentence to show, if there is one; rejects with what went wrong. */
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
  /** Does what concerns the editor rather than the ledgers. */
  perform: (action: EditorAction) => Promise<string | undefined>;
  log: (message: string) => void;
}
