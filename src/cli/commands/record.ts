import { openLedger } from '../../library/index.ts';
import { RECORD_OPTIONS, type RecordFlags } from '../arguments/recordFlags.ts';
import type { CommandSpec } from '../command.ts';
import { usageError } from '../output/exit.ts';
import { recordOne } from './recordOne.ts';
import { t } from '../language/text.ts';

/** `llm-spend record`: records one usage from arguments or a line, or several from a response or a stream. */
export const command: CommandSpec<RecordFlags> = {
  summary: 'record one usage, or several with --response or --stdin',
  arguments: [
    { name: '[call...]', help: 'the call in one line: model, input and output tokens or a cost, operation, key:value' },
  ],
  options: [
    ...RECORD_OPTIONS,
    {
      flags: '--response <file>',
      help: "read the usage from a provider's raw API response; - reads stdin",
    },
    { flags: '--stdin', help: 'read records from stdin: NDJSON, a JSON array, or JSON objects one after another' },
  ],
  examples: [
    'llm-spend record gpt-5 12k 800',
    'llm-spend record 0.05 claude-opus-4-5 review --project site',
    'llm-spend record --provider openai --model gpt-5 --operation chat --input-tokens 1200 --output-tokens 350 --cost-usd 0.005',
    'llm-spend record --provider anthropic --model claude-sonnet-4-5 --operation review --tag client-a --json',
    'my-agent --log-usage | llm-spend record --stdin --json',
    'curl https://api.openai.com/v1/responses ... | llm-spend record --response - --project site',
  ],
  notes: t`A call in one line needs no --provider, --model and --operation: the operation is chat unless a word names another one.`,
  async run({ flags, words: [call], terminal }) {
    const words = (call ?? []) as string[];
    if (words.length > 0) {
      if (flags.stdin === true || flags.response !== undefined)
        throw usageError(t`record: a call in the arguments cannot be combined with --stdin or --response.`);
      const { recordTyped } = await import('./recordTyped.ts');
      return recordTyped(words, flags, terminal);
    }
    if (flags.stdin === true) {
      const { recordStream } = await import('./recordStream.ts');
      return recordStream(flags, terminal, process.stdin);
    }
    if (flags.response !== undefined) {
      const { recordResponse } = await import('./recordResponse.ts');
      return recordResponse(flags, terminal, process.stdin);
    }
    return recordOne(flags, terminal, openLedger);
  },
};
