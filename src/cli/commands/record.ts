import { openLedger } from '../../library/index.ts';
import { RECORD_OPTIONS, type RecordFlags } from '../arguments/recordFlags.ts';
import type { CommandSpec } from '../command.ts';
import { recordOne } from './recordOne.ts';

/** `llm-spend record`: records one usage from arguments, or several from a response or a stream. */
export const command: CommandSpec<RecordFlags> = {
  summary: 'record one usage, or several with --response or --stdin',
  options: [
    ...RECORD_OPTIONS,
    {
      flags: '--response <file>',
      help: "read the usage from a provider's raw API response; - reads stdin",
    },
    { flags: '--stdin', help: 'read records from stdin: NDJSON, a JSON array, or JSON objects one after another' },
  ],
  examples: [
    'llm-spend record --provider openai --model gpt-5 --operation chat --input-tokens 1200 --output-tokens 350 --cost-usd 0.005',
    'llm-spend record --provider anthropic --model claude-sonnet-4-5 --operation review --tag client-a --json',
    'my-agent --log-usage | llm-spend record --stdin --json',
    'curl https://api.openai.com/v1/responses ... | llm-spend record --response - --project site',
  ],
  async run({ flags, terminal }) {
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
