import type { OptionSpec } from '../command.ts';
import type { UsageInput } from '../../usage/record.ts';
import type { LedgerFlag } from './ledgerPath.ts';

/** The options of `record`, with the field of the record that each of them fills. */

/** The values of the options, under commander's camel-case names. */
export interface RecordFlags extends LedgerFlag {
  provider?: string;
  model?: string;
  operation?: string;
  inputTokens?: string;
  outputTokens?: string;
  cacheReadTokens?: string;
  cacheWriteTokens?: string;
  cacheWrite1hTokens?: string;
  reasoningTokens?: string;
  costUsd?: string;
  timestamp?: string;
  id?: string;
  project?: string;
  tag?: string[];
  note?: string;
  episode?: string;
  session?: string;
  branch?: string;
  json?: boolean;
  stdin?: boolean;
  response?: string;
}

export interface RecordOption extends OptionSpec {
  field: keyof UsageInput & string;
}

export const RECORD_OPTIONS: readonly RecordOption[] = [
  {
    flags: '--provider <name>',
    field: 'provider',
    help: 'the provider that was called, for example openai (required)',
  },
  { flags: '--model <name>', field: 'model', help: 'the model, for example gpt-5 (required)' },
  { flags: '--operation <name>', field: 'operation', help: 'what the call was for, for example chat (required)' },
  { flags: '--input-tokens <n>', field: 'input_tokens', help: 'input tokens, including cache reads and writes' },
  { flags: '--output-tokens <n>', field: 'output_tokens', help: 'output tokens, including reasoning' },
  { flags: '--cache-read-tokens <n>', field: 'cache_read_tokens', help: 'input tokens read from the cache' },
  { flags: '--cache-write-tokens <n>', field: 'cache_write_tokens', help: 'input tokens written to the cache' },
  {
    flags: '--cache-write-1h-tokens <n>',
    field: 'cache_write_1h_tokens',
    help: 'tokens written to the cache for an hour; part of --cache-write-tokens',
  },
  { flags: '--reasoning-tokens <n>', field: 'reasoning_tokens', help: 'output tokens used for reasoning' },
  {
    flags: '--cost-usd <amount>',
    field: 'cost_usd',
    help: 'the cost; without it the tokens are priced, and without a price the cost is unknown',
  },
  {
    flags: '--timestamp <iso>',
    field: 'timestamp',
    help: 'when the call was made, with a UTC offset: 2026-01-31T09:30:00Z (default: now)',
  },
  {
    flags: '--id <id>',
    field: 'usage_id',
    help: 'the id of the record; a record whose id is in the ledger already is not added again',
  },
  { flags: '--project <name>', field: 'project', help: 'the project' },
  { flags: '--tag <tag>', field: 'tags', help: 'a tag (repeatable)', repeatable: true },
  { flags: '--note <text>', field: 'note', help: 'a note' },
  { flags: '--episode <title>', field: 'episode_title', help: 'the episode' },
  { flags: '--session <id>', field: 'session_id', help: 'the session' },
  { flags: '--branch <name>', field: 'branch', help: 'the git branch' },
];

/** `--cache-read-tokens <n>` → `--cache-read-tokens`. */
export const flagName = ({ flags }: OptionSpec): string => flags.replace(/ .*/, '');

/** `--cache-read-tokens` → `cacheReadTokens`, as commander names the value. */
export const valueName = (flag: string): string =>
  flag.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The flag that filled a field of the record; undefined when no flag does. */
export function flagOfField(field: string): string | undefined {
  const option = RECORD_OPTIONS.find((each) => each.field === field);
  return option && flagName(option);
}
