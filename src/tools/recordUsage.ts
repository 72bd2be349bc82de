import { formatUsd, usdToNanos } from '../usage/money.ts';
import { costKind, isCovered } from '../usage/query.ts';
import { UsageError, type UsageInput, type UsageRecord } from '../usage/record.ts';
import { parseInput } from '../usage/parseInput.ts';
import { quoted } from './answer.ts';
import { ToolInputError, type Tool, type ToolContext, type ToolInput } from './tool.ts';

export const recordUsage: Tool = {
  name: 'record_usage',
  title: 'Record a usage',
  description: 'Records the tokens or the cost of one LLM call on the ledger. The user confirms it first.',
  input: {
    type: 'object',
    properties: {
      provider: { type: 'string' },
      model: { type: 'string' },
      operation: { type: 'string', description: 'what the call was for, such as review' },
      input_tokens: { type: 'integer', description: 'with cache reads and writes' },
      output_tokens: { type: 'integer' },
      cache_read_tokens: { type: 'integer' },
      cache_write_tokens: { type: 'integer' },
      cost_usd: { type: 'number', description: 'absent: priced by the tokens' },
      project: { type: 'string' },
      note: { type: 'string' },
    },
    required: ['provider', 'model', 'operation'],
    additionalProperties: false,
  },
  isReadOnly: false,
  preview: async (input, context) => {
    const usage = usageOf(input, context);
    const fields = Object.entries(input).map(([name, value]) => {
      return `${name}: ${typeof value === 'string' ? quoted(value) : String(value)}`;
    });
    return [`Record this on ${context.ledger}?`, ...fields, `cost: ${await costText(usage, context)}`].join('\n');
  },
  run: async (input, context) => {
    const record = await context.record(usageOf(input, context));
    return `Recorded as ${record.usage_id}: ${recordedCost(record)}.`;
  },
};

/** @throws {ToolInputError} when the ledger would refuse the record, or it says nothing about a cost. */
function usageOf(input: ToolInput, context: ToolContext): UsageInput {
  if (!input['input_tokens'] && !input['output_tokens'] && input['cost_usd'] === undefined) {
    throw new ToolInputError('Give input_tokens and output_tokens, or cost_usd.');
  }
  const usage = { ...input, source: 'agent-tool' } as unknown as UsageInput;
  try {
    parseInput(usage, { id: () => 'preview', now: () => new Date(context.now()).toISOString() });
  } catch (error) {
    if (error instanceof UsageError) throw new ToolInputError(error.message);
    throw error;
  }
  return usage;
}

async function costText(usage: UsageInput, context: ToolContext): Promise<string> {
  if (usage.cost_usd !== undefined) return formatUsd(usdToNanos(usage.cost_usd));
  const result = (await context.pricer())?.price(usage);
  if (result?.kind === 'priced') return `~${formatUsd(result.nanos)}, estimated at list price`;
  return `unknown. ${result?.message ?? 'The prices cannot be read.'}`;
}

function recordedCost(record: UsageRecord): string {
  const kind = costKind(record);
  if (kind === 'unknown') return 'its cost is unknown';
  const amount = `${kind === 'estimated' ? '~' : ''}${formatUsd(usdToNanos(record.cost_usd))}`;
  return isCovered(record['charge']) ? `${amount}, covered by a plan` : amount;
}
