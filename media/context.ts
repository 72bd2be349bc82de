import type { Choices, RangeChoice } from '../src/protocol/choices.ts';
import type { Action, RecordRow, HistorySnapshot } from '../src/protocol/messages.ts';
import type { Dimension } from '../src/usage/query.ts';
import type { ShownHistory } from './load.ts';
import type { NodePath } from './model/breakdown.ts';
import type { Format } from './model/format.ts';
import type { AskHost } from './model/questions.ts';

/** State of the page that is not persisted. */
export interface Ephemeral {
  /** Whether the chart is shown as a table. */
  asTable: boolean;
  /** Expanded nodes of the breakdown. */
  expanded: readonly NodePath[];
  /** Ids of the selected records. */
  selection: ReadonlySet<string>;
  /** The record shown in the detail view. */
  detail: RecordRow | undefined;
  /** Whether the columns of the records are offered. */
  choosingColumns: boolean;
  /** The report that is shown in place of the figures. */
  report: 'coverage' | 'compare' | 'cache' | undefined;
}

/** The state of a page that was just loaded. */
export const NOTHING_OPEN: Ephemeral = {
  asTable: false,
  expanded: [],
  selection: new Set(),
  detail: undefined,
  choosingColumns: false,
  report: undefined,
};

/** Data and actions passed to the parts of the view. */
export interface ViewContext {
  readonly snapshot: HistorySnapshot;
  readonly shown: ShownHistory;
  readonly choices: Choices;
  readonly format: Format;
  readonly ui: Ephemeral;
  readonly ask: AskHost;
  /** The display name of a value of a dimension. */
  readonly nameOf: (dimension: Dimension, value: string | null) => string;
  /** Changes the choices, stores them and loads their data. */
  readonly choose: (changes: Partial<Choices>) => void;
  /** Filters by these values. */
  readonly filterBy: (pairs: readonly (readonly [Dimension, string | null])[]) => void;
  /** Narrows the range to a part of it, and remembers the way back. */
  readonly zoom: (range: RangeChoice) => void;
  /** The ranges that were zoomed into, outermost first. */
  readonly crumbs: readonly RangeChoice[];
  readonly leaveTo: (crumb: number) => void;
  /** Changes state that is not persisted. */
  readonly set: (changes: Partial<Ephemeral>) => void;
  readonly act: (action: Action) => void;
  /** Removes records, and offers to undo that. */
  readonly remove: (ids: readonly string[]) => void;
  /** Shows a message at the lower edge for a while. */
  readonly notify: (text: string) => void;
}
