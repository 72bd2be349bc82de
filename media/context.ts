import type { Choices } from '../src/protocol/choices.ts';
import type { Action, RecordRow, HistorySnapshot } from '../src/protocol/messages.ts';
import type { Dimension } from '../src/usage/query.ts';
import type { ShownHistory } from './load.ts';
import type { NodePath } from './model/breakdown.ts';
import type { Format } from './model/format.ts';
import type { AskHost } from './model/questions.ts';

/** State of the page that is not stored. */
export interface Ephemeral {
  /** The chart as a table. */
  asTable: boolean;
  /** Nodes of the breakdown that are open. */
  expanded: readonly NodePath[];
  /** Ids of the selected records. */
  selection: ReadonlySet<string>;
  /** The record whose fields are shown. */
  detail: RecordRow | undefined;
}

/** The data and the actions of the parts of the view. */
export interface ViewContext {
  readonly snapshot: HistorySnapshot;
  readonly shown: ShownHistory;
  readonly choices: Choices;
  readonly format: Format;
  readonly ui: Ephemeral;
  readonly ask: AskHost;
  /** The name of a value of a dimension. */
  readonly nameOf: (dimension: Dimension, value: string | null) => string;
  /** Changes the choices, stores them and loads the data. */
  readonly choose: (changes: Partial<Choices>) => void;
  /** Shows only records with these values. */
  readonly filterBy: (pairs: readonly (readonly [Dimension, string | null])[]) => void;
  /** Changes state of the page that is not stored. */
  readonly set: (changes: Partial<Ephemeral>) => void;
  readonly act: (action: Action) => void;
  /** Removes records, with a way back. */
  readonly remove: (ids: readonly string[]) => void;
  /** A message at the lower edge, for a while. */
  readonly notify: (text: string) => void;
}
