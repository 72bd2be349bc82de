import { formatUsd } from '../usage/money.ts';
import { emptyTotals, isBucket, type Grouping, type Totals } from '../usage/query.ts';
import { compare, formatTotals } from '../usage/summary.ts';
import { answer, DATA_NOTE, PARTIAL_NOTE, quoted } from './answer.ts';
import { assumedModels, SELECTING, spanOf, spanText, type AskedSpan } from './span.ts';
import type { Tool, ToolContext } from './tool.ts';

const GROUPINGS = ['day', 'month', 'provider', 'model', 'operation', 'project', 'session', 'agent'];
const MOST_GROUPS = 12;

export const spend: Tool = {
  name: 'spend',
  title: 'LLM spend',
  description: 'What LLM calls cost in a period, optionally grouped, and compared with the period before.',
  input: {
    type: 'object',
    properties: {
      ...SELECTING,
      group_by: { type: 'string', enum: GROUPINGS },
      compare: { type: 'boolean', description: 'with the period before' },
    },
    additionalProperties: false,
  },
  isReadOnly: true,
  run: async (input, context) => {
    const span = spanOf(input, context);
    const totals = await totalsOf(context, span.filter, span);
    const head = [`Spend, ${spanText(span, input)}: ${describe(totals)}`];
    if (input['compare'] === true && span.before !== undefined) {
      head.push(comparisonText(totals, await totalsOf(context, span.before, span)));
    }
    const by = input['group_by'] as Grouping | undefined;
    const lines = by === undefined ? [] : await groupLines(by, context, span);
    return answer(head, lines, await notes(context, span, totals, lines.length > 0));
  },
};

async function groupLines(by: Grouping, context: ToolContext, { filter, calendar }: AskedSpan): Promise<string[]> {
  const groups = await context.aggregate({ filter, groupBy: [by], calendar });
  // Times ascend, and the newest ones matter.
  const shown = isBucket(by) ? groups.slice(-MOST_GROUPS) : groups.slice(0, MOST_GROUPS);
  const left = groups.length - shown.length;
  return [
    ...shown.map(({ key, totals }) => `- ${isBucket(by) ? key[0] : quoted(key[0] ?? null)}: ${describe(totals)}`),
    ...(left > 0 ? [`- ${left} more groups`] : []),
  ];
}

export async function totalsOf(
  context: ToolContext,
  filter: AskedSpan['filter'],
  { calendar }: AskedSpan,
): Promise<Totals> {
  const [group] = await context.aggregate({ filter, groupBy: [], calendar });
  return group?.totals ?? emptyTotals();
}

/** `~$4.20 + 12 unpriced, 80 records`. */
export function describe(totals: Totals): string {
  return `${formatTotals(totals)}, ${totals.records} ${totals.records === 1 ? 'record' : 'records'}`;
}

export function comparisonText(totals: Totals, before: Totals): string {
  const { differenceNanos, change, complete } = compare(totals, before);
  const sign = differenceNanos > 0n ? '+' : '';
  const percent = change === undefined ? '' : ` (${sign}${Math.round(change * 100)} %)`;
  const least = complete ? '' : ' Incomplete: some calls have no price.';
  return `The period before, up to the same time: ${describe(before)}. Difference: ${sign}${formatUsd(differenceNanos)}${percent}.${least}`;
}

/** Says which of the figures are not certain. */
export async function notes(
  context: ToolContext,
  span: AskedSpan,
  totals: Totals,
  hasNames: boolean,
): Promise<string[]> {
  const lines: string[] = context.isPartial ? [PARTIAL_NOTE] : [];
  if (totals.estimated > 0) lines.push(`~: ${totals.estimated} costs are estimated at list price.`);
  if (totals.unpriced > 0) lines.push(`${totals.unpriced} calls have no known price; they are in no sum.`);
  if (totals.plan > 0) lines.push('plan: usage that a subscription covers, at list price; it is not paid.');
  const assumed = totals.estimated > 0 ? await assumedModels(context, span) : [];
  if (assumed.length > 0) {
    const names = assumed.slice(0, 3).map(({ key }) => quoted(key[1] ?? null));
    const more = assumed.length > 3 ? ` and ${assumed.length - 3} more` : '';
    lines.push(`Assumed: the price of a model with a similar name for ${names.join(', ')}${more}.`);
  }
  return hasNames || assumed.length > 0 ? [...lines, DATA_NOTE] : lines;
}
