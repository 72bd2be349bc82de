import type { Choices } from '../src/protocol/choices.ts';
import type { Action, RecordRow, HistorySnapshot } from '../src/protocol/messages.ts';
import type { Dimension } from '../src/usage/query.ts';
import type { Shown } from './load.ts';
import type { NodePath } from './model/breakdown.ts';
import type { Format } from './model/format.ts';
import type { AskHost } from './model/questions.ts';

/** What is on the screen only, and forgotten with it. */
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

/** What the parts of the view are drawn from, and what they may ask for. */
export interface ViewContext {
  readonly snapshot: HistorySnapshot;
  readonly shown: Shown;
  readonly choices: Choices;
  readonly format: Format;
  readonly ui: Ephemeral;
  readonly ask: AskHost;
  /** What a value of a dimension is called. */
  readonly nameOf: (dimension: Dimension, value: string | null) => string;
  /** Changes what was chosen; it is kept, and asked for. */
  readonly choose: (changes: Partial<Choices>) => void;
  /** Shows only what has these values. */
  readonly filterBy: (pairs: readonly (readonly [Dimension, string | null])[]) => void;
  /** Changes what is on the screen only. */
  readonly set: (changes: Partial<Ephemeral>) => void;
  readonly act: (action: Action) => void;
  /** Removes records, with a way back. */
  readonly remove: (ids: readonly string[]) => void;
  /** A message at the lower edge, for a while. */
  readonly say: (text: string) => void;
}
