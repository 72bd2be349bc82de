/** Which of an entry's names holds which of our fields: `input_tokens` -> `prompt_tokens`. */
export type Mapping = Readonly<Partial<Record<MappedField, string>>>;

export const MAPPED_FIELDS = [
  'id',
  'timestamp',
  'provider',
  'model',
  'operation',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_usd',
  'project',
  'branch',
  'session_id',
] as const;
export type MappedField = (typeof MAPPED_FIELDS)[number];
