import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';

/** Reports that the page of the cost history shows on request. */

const text = once(() => z.string().check(z.maxLength(10_000)));
const count = once(() => z.number());

/** The coverage of the sources of usage, as `llm-spend doctor --json` reports it. */
export const coverageReport = once(() =>
  z.object({
    sources: z.array(
      z.object({
        source: text(),
        title: text(),
        /** `found`: there are logs. `empty`: there is a folder without logs. `missing`: neither. */
        state: z.enum(['found', 'empty', 'missing']),
        /** Set by the editor: its settings do not import the source. */
        off: z.optional(z.boolean()),
        files: count(),
        first_day: z.nullable(text()),
        last_day: z.nullable(text()),
        days_without_records: count(),
        logs_deleted_in_days: z.nullable(count()),
        totals: z.object({ records: count(), cost_usd: count(), plan_usd: count(), unknown_records: count() }),
      }),
    ),
    without_counts: z.array(z.object({ id: text(), title: text(), instead: text() })),
    /** Steps that would cover more. */
    advice: z.array(text()),
    /** Sentences about live reports, plans, counts and prices. */
    live_lines: z.array(text()),
    plan_lines: z.array(text()),
    count_lines: z.array(text()),
    price_lines: z.array(text()),
  }),
);
export type CoverageReport = z.infer<ReturnType<typeof coverageReport>>;

/** The reports that are tables of texts: what the usage would have cost at other models, and what the prompt cache cost and saved. */
export const MONEY_REPORTS = ['compare', 'cache'] as const;

export const moneyReportSchema = once(() =>
  z.object({
    tables: z.array(
      z.object({
        /** Empty: the table of the whole report. */
        title: text(),
        columns: z.array(text()),
        /** The first cell of each row is its name. */
        rows: z.array(z.array(text())),
      }),
    ),
    notes: z.array(text()),
  }),
);
export type MoneyReport = z.infer<ReturnType<typeof moneyReportSchema>>;
export type ReportTable = MoneyReport['tables'][number];
