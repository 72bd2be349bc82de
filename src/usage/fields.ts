import type { FieldRow } from './fieldRow.ts';

/**
 * The table of record fields. Validation, dimensions, the columns of both stores, the SQL view, the command's filters and
 * flags, names in the views, the field names that generic imports accept and the columns of an export all derive from it. A new
 * filterable field is one row here; a test counts the files that name a field.
 */

/** Rows are in the order in which fields are written and exported, so new fields come last. */
export const FIELDS = [
  {
    name: 'usage_id',
    rule: 'name',
    presence: 'optional',
    label: 'Id',
    inkwell: true,
    flag: {
      name: 'id',
      value: '<id>',
      help: 'the id of the record; a record whose id is in the ledger already is not added again',
    },
    otherNames: ['usage_id', 'id', 'request_id', 'requestId', 'generation_id'],
  },
  {
    name: 'provider',
    rule: 'name',
    presence: 'required',
    label: 'Provider',
    inkwell: true,
    flag: { name: 'provider', value: '<name>', help: 'the provider that was called, for example openai (required)' },
    dimension: { name: 'provider', column: 8, searched: true, filter: { short: '-p' } },
    otherNames: ['provider', 'vendor', 'custom_llm_provider', 'gen_ai.system'],
  },
  {
    name: 'model',
    rule: 'name',
    presence: 'required',
    label: 'Model',
    inkwell: true,
    flag: { name: 'model', value: '<name>', help: 'the model, for example gpt-5 (required)' },
    dimension: { name: 'model', column: 9, searched: true },
    otherNames: ['model', 'model_name', 'modelName', 'model_id'],
  },
  {
    name: 'operation',
    rule: 'name',
    presence: 'required',
    label: 'Operation',
    inkwell: true,
    flag: { name: 'operation', value: '<name>', help: 'what the call was for, for example chat (required)' },
    dimension: { name: 'operation', column: 10, searched: true, filter: { short: '-o' } },
    otherNames: ['operation', 'call_type', 'endpoint', 'type'],
  },
  {
    name: 'input_tokens',
    rule: 'tokens',
    presence: 'optional',
    label: 'Input tokens',
    inkwell: true,
    flag: { name: 'input-tokens', value: '<n>', help: 'input tokens, including cache reads and writes' },
    otherNames: ['input_tokens', 'prompt_tokens', 'inputTokens', 'promptTokens', 'tokens_prompt', 'tokens_in'],
    summed: 'inputTokens',
  },
  {
    name: 'output_tokens',
    rule: 'tokens',
    presence: 'optional',
    label: 'Output tokens',
    inkwell: true,
    flag: { name: 'output-tokens', value: '<n>', help: 'output tokens, including reasoning' },
    otherNames: [
      'output_tokens',
      'completion_tokens',
      'outputTokens',
      'completionTokens',
      'tokens_completion',
      'tokens_out',
    ],
    summed: 'outputTokens',
  },
  {
    name: 'total_tokens',
    rule: 'tokens',
    presence: 'optional',
    label: 'Total tokens',
    inkwell: true,
    summed: 'totalTokens',
  },
  {
    name: 'cost_usd',
    rule: 'cost',
    presence: 'optional',
    label: 'Cost',
    inkwell: true,
    flag: {
      name: 'cost-usd',
      value: '<amount>',
      help: 'the cost; without it the tokens are priced, and without a price the cost is unknown',
    },
    otherNames: ['cost_usd', 'cost', 'spend', 'total_cost', 'costUSD', 'usd'],
  },
  { name: 'cost_known', rule: 'flag', presence: 'optional', label: 'Cost known', inkwell: true },
  { name: 'billing_mode', rule: 'billingMode', presence: 'optional', label: 'Billing', inkwell: true },
  {
    name: 'timestamp',
    rule: 'time',
    presence: 'optional',
    label: 'Time',
    inkwell: true,
    flag: {
      name: 'timestamp',
      value: '<iso>',
      help: 'when the call was made, with a UTC offset: 2026-01-31T09:30:00Z (default: now)',
    },
    otherNames: [
      'timestamp',
      'time',
      'created_at',
      'createdAt',
      'date',
      'datetime',
      'startTime',
      'start_time',
      'created',
    ],
  },
  {
    name: 'episode_title',
    rule: 'label',
    presence: 'nullable',
    label: 'Episode',
    inkwell: true,
    flag: { name: 'episode', value: '<title>', help: 'the episode' },
    dimension: { name: 'episode', column: 15, searched: true, filter: { short: '-e', value: '<title>' } },
  },
  { name: 'template_name', rule: 'label', presence: 'nullable', label: 'Template', inkwell: true },
  {
    name: 'cache_read_tokens',
    rule: 'tokens',
    presence: 'optional',
    label: 'Cache read tokens',
    flag: { name: 'cache-read-tokens', value: '<n>', help: 'input tokens read from the cache' },
    otherNames: ['cache_read_tokens', 'cache_read_input_tokens', 'cached_tokens', 'cached_input_tokens'],
    summed: 'cacheReadTokens',
  },
  {
    name: 'cache_write_tokens',
    rule: 'tokens',
    presence: 'optional',
    label: 'Cache write tokens',
    flag: { name: 'cache-write-tokens', value: '<n>', help: 'input tokens written to the cache' },
    otherNames: ['cache_write_tokens', 'cache_creation_input_tokens'],
    summed: 'cacheWriteTokens',
  },
  {
    name: 'cache_write_1h_tokens',
    rule: 'tokens',
    presence: 'optional',
    label: 'Cache write tokens (1 h)',
    flag: {
      name: 'cache-write-1h-tokens',
      value: '<n>',
      help: 'tokens written to the cache for an hour; part of --cache-write-tokens',
    },
  },
  {
    name: 'reasoning_tokens',
    rule: 'tokens',
    presence: 'optional',
    label: 'Reasoning tokens',
    flag: { name: 'reasoning-tokens', value: '<n>', help: 'output tokens used for reasoning' },
    otherNames: ['reasoning_tokens'],
    summed: 'reasoningTokens',
  },
  {
    name: 'project',
    rule: 'label',
    presence: 'nullable',
    label: 'Project',
    flag: { name: 'project', value: '<name>', help: 'the project' },
    dimension: { name: 'project', column: 11, searched: true },
    otherNames: ['project', 'workspace', 'team', 'team_alias'],
  },
  {
    name: 'branch',
    rule: 'label',
    presence: 'nullable',
    label: 'Branch',
    flag: { name: 'branch', value: '<name>', help: 'the git branch' },
    dimension: { name: 'branch', column: 12, searched: true },
    otherNames: ['branch', 'git_branch'],
  },
  {
    name: 'session_id',
    rule: 'label',
    presence: 'nullable',
    label: 'Session',
    flag: { name: 'session', value: '<id>', help: 'the session' },
    dimension: { name: 'session', column: 13, searched: true, filter: { value: '<id>' } },
    otherNames: ['session_id', 'sessionId', 'session', 'conversation_id'],
  },
  {
    name: 'tags',
    rule: 'tags',
    presence: 'optional',
    label: 'Tags',
    flag: { name: 'tag', value: '<tag>', help: 'a tag (repeatable)' },
    dimension: {
      name: 'tag',
      label: 'Tag',
      searched: true,
      filter: { value: '<tag>', help: 'only records with this tag' },
    },
  },
  {
    name: 'note',
    rule: 'note',
    presence: 'nullable',
    label: 'Note',
    flag: { name: 'note', value: '<text>', help: 'a note' },
  },
  {
    name: 'source',
    rule: 'name',
    presence: 'nullable',
    label: 'Recorded by',
    dimension: {
      name: 'source',
      label: 'Source',
      column: 14,
      searched: true,
      filter: { help: 'only records from this source, for example cli or manual' },
    },
  },
  { name: 'price_source', rule: 'label', presence: 'nullable', label: 'Prices from' },
  {
    name: 'commit',
    rule: 'label',
    presence: 'nullable',
    added: '0.2.0',
    label: 'Commit',
    flag: { name: 'commit', value: '<hash>', help: 'the git commit' },
    dimension: { name: 'commit', column: 20, searched: true, filter: { value: '<hash>' } },
    otherNames: ['commit', 'git_commit'],
  },
  {
    name: 'account',
    rule: 'label',
    presence: 'nullable',
    added: '0.2.0',
    label: 'Account',
    flag: { name: 'account', value: '<name>', help: 'the account that pays' },
    dimension: { name: 'account', column: 21, searched: true },
    otherNames: ['account'],
  },
  {
    name: 'user',
    rule: 'label',
    presence: 'nullable',
    added: '0.2.0',
    label: 'User',
    flag: { name: 'user', value: '<name>', help: 'the person' },
    dimension: { name: 'user', column: 22, searched: true },
    otherNames: ['user', 'user_id', 'end_user'],
  },
] as const satisfies readonly FieldRow[];

type Row = (typeof FIELDS)[number];
type With<Key extends string> = Extract<Row, Readonly<Record<Key, unknown>>>;

export type FieldName = Row['name'];
/** Rows of fields with a flag in `llm-spend record`. */
export type FlagRow = With<'flag'>;
/** Fields that contain one optional text. */
export type NullableText = Extract<Row, { presence: 'nullable' }>['name'];
export type SummedTokens = With<'summed'>['summed'];
export type MappedField = With<'otherNames'>['name'];

/** The dimensions, as declared in their rows. */
export type DimensionOfField = With<'dimension'>['dimension'];

/** The rows, typed by their common interface. */
export const ROWS: readonly FieldRow[] = FIELDS;

/** The summed fields, keyed by the name of their sum in totals. */
export const SUMMED_FIELDS: ReadonlyMap<SummedTokens, FieldName> = new Map(
  FIELDS.flatMap((row) => ('summed' in row ? [[row.summed, row.name] as const] : [])),
);

/** @returns the names of fields whose row passes `test`, in table order. */
export function fieldsWith(test: (row: FieldRow) => boolean): FieldName[] {
  return ROWS.filter(test).map(({ name }) => name as FieldName);
}

/** Returns the row of a field; undefined for unknown fields. */
export function fieldRow(name: string): FieldRow | undefined {
  return ROWS.find((row) => row.name === name);
}
