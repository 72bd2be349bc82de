import type { BudgetFile } from '../budgets/budgetFile.ts';
import type { Pricer } from '../pricing/price.ts';
import type { AggregateQuery, Calendar, Group, Page, PageQuery } from '../usage/query.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';

/** A question that an agent may ask, or a usage that it may record: the same over MCP and in the editor. */
export interface Tool {
  /** In snake_case, as MCP clients show it. */
  name: string;
  title: string;
  /** For the model: one or two sentences. */
  description: string;
  input: ToolSchema;
  /** false: it records, and the user has to confirm {@link preview} first. */
  isReadOnly: boolean;
  /** Describes the record that would be written. @throws {ToolInputError} as {@link run}. */
  preview?: (input: ToolInput, context: ToolContext) => Promise<string>;
  /** @param input as checked by `checkedInput`. @returns the answer: short plain text. @throws {ToolInputError} */
  run: (input: ToolInput, context: ToolContext) => Promise<string>;
}

export type ToolInput = Readonly<Record<string, string | number | boolean | undefined>>;

/** A property of an input: a part of JSON Schema. */
export interface ToolProperty {
  type: 'string' | 'integer' | 'number' | 'boolean';
  description?: string;
  enum?: readonly string[];
}

/** The JSON Schema of an input. */
export interface ToolSchema {
  type: 'object';
  properties: Readonly<Record<string, ToolProperty>>;
  required?: readonly string[];
  additionalProperties: false;
}

/** The things that tools work with. No tool opens a file: a path in an input would be the agent's choice. */
export interface ToolContext {
  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
  /** Whether a part of the ledgers could not be read for the last answer. */
  readonly isPartial: boolean;
  /** Records one usage, priced by its tokens where it has no cost. Resolves once it is durable. */
  record(usage: UsageInput): Promise<UsageRecord>;
  /** The ledger that {@link record} writes to. */
  ledger: string;
  /** undefined: the prices cannot be read. */
  pricer(): Promise<Pricer | undefined>;
  budgets(): BudgetFile;
  /** A folder in the repository that receipts are of, where git may run; undefined: there is none. */
  repository(): string | undefined;
  calendar(): Calendar;
  /** ms since the epoch. */
  now(): number;
}

/** An input that breaks a rule; the message names the property. */
export class ToolInputError extends Error {
  override readonly name = 'ToolInputError';
}
