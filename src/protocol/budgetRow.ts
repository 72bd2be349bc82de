import * as z from 'zod/mini';
import { SCOPES } from '../usage/dimensions.ts';
import { once } from '../usage/lazy/once.ts';
import { parseChoices, type Choices } from './choices.ts';

/** A budget as the page of the cost history shows it. The host writes its texts, which the views of the editor share. */

const text = once(() => z.string().check(z.maxLength(10_000)));

/** The choices that select records. */
export type SelectionChoices = Pick<Choices, 'range' | 'values' | 'search'>;

const selection = once(() =>
  z.pipe(
    z.unknown(),
    z.transform((value): SelectionChoices => {
      const { range, values, search } = parseChoices(value);
      return { range, values, search };
    }),
  ),
);

export const budgetRow = once(() =>
  z.object({
    name: text(),
    /** `$16.50 of $20.00 (82%)`. */
    amounts: text(),
    /** The state in words, for screen readers. */
    label: text(),
    /** `reached`: the first level or a later one. */
    state: z.enum(['below', 'reached', 'over']),
    /** Spent, in percent of the limit. */
    percent: z.number(),
    /** Where the period is likely to end, in percent of the limit: nine of ten ends are between these. */
    expected: z.optional(z.tuple([z.number(), z.number()])),
    /** Spent, left, expected and so on, each with its name. */
    figures: z.array(z.object({ name: text(), value: text() })),
    /** The choices that show the budget's period and records. */
    choices: selection(),
    /** The span of its period now, ms since the epoch. */
    since: z.number(),
    until: z.number(),
    /** The bars that its amount is for. Absent: its period is no bar's. */
    bucket: z.optional(z.enum(['day', 'week', 'month'])),
    /** The limit as a size in the chart, see `measured()`. Absent: the chart shows another currency. */
    size: z.optional(z.number()),
    /** Whether calls that a plan covers count. */
    plan: z.boolean(),
    /** The machines that the budget covers. */
    scope: z.enum(SCOPES),
  }),
);
export type BudgetRow = z.infer<ReturnType<typeof budgetRow>>;
