import { formatUsd, type Nanos } from '../usage/money.ts';
import { valueNanos, type Dimension, type UsageFilter } from '../usage/query.ts';
import { answer, quoted } from './answer.ts';
import { SELECTING, spanOf, spanText, type AskedSpan } from './span.ts';
import { comparisonText, describe, notes, totalsOf } from './spend.ts';
import type { Tool, ToolContext } from './tool.ts';

const BY: readonly Dimension[] = ['project', 'model', 'operation', 'agent', 'session'];
const MOST_GROWN = 3;

export const whyDear: Tool = {
  name: 'why_dear',
  title: 'Why a period was dear',
  description: 'Which projects, models, operations, agents and sessions cost more than in the period before.',
  input: {
    type: 'object',
    properties: { period: SELECTING['period']!, project: SELECTING['project']! },
    additionalProperties: false,
  },
  isReadOnly: true,
  run: async (input, context) => {
    const span = spanOf(input, context);
    if (span.before === undefined) return 'All time has no period before it. Name a period, such as month.';
    const totals = await totalsOf(context, span.filter, span);
    const before = await totalsOf(context, span.before, span);
    const lines: string[] = [];
    for (const by of BY) lines.push(...(await grownLines(by, context, span, span.before)));
    const head = [
      `Spend, ${spanText(span, input)}: ${describe(totals)}`,
      comparisonText(totals, before),
      lines.length > 0 ? 'Grew most:' : 'No group grew.',
    ];
    return answer(head, lines, await notes(context, span, totals, lines.length > 0));
  },
};

/** The groups of a dimension that grew most, at list price where a plan covers them. */
async function grownLines(
  by: Dimension,
  context: ToolContext,
  { filter, calendar }: AskedSpan,
  before: UsageFilter,
): Promise<string[]> {
  const valuesOf = async (of: UsageFilter): Promise<Map<string | null, Nanos>> => {
    const groups = await context.aggregate({ filter: of, groupBy: [by], calendar });
    return new Map(groups.map(({ key, totals }) => [key[0] ?? null, valueNanos(totals)]));
  };
  const earlier = await valuesOf(before);
  const grown = [...(await valuesOf(filter))]
    .map(([name, value]) => ({ name, value, growth: value - (earlier.get(name) ?? 0n) }))
    .filter(({ growth }) => growth > 0n)
    .sort((a, b) => (a.growth < b.growth ? 1 : -1));
  return grown
    .slice(0, MOST_GROWN)
    .map(({ name, value, growth }) => `- ${by} ${quoted(name)}: +${formatUsd(growth)}, now ${formatUsd(value)}`);
}
