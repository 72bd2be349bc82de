import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';
import { DIMENSIONS, SCOPES } from '../usage/dimensions.ts';
import { BUCKETS, MEASURES, SORT_KEYS } from '../usage/query.ts';
import type { Group } from '../usage/query.ts';
import { filterValuesSchema, parseChoices, searchSchema } from './choices.ts';
import type { Choices } from './choices.ts';
import { budgetRow } from './budgetRow.ts';
import { coverageReport, moneyReportSchema, MONEY_REPORTS } from './reports.ts';
import { decodeGroups } from './wire.ts';
import type { WireGroups } from './wire.ts';

/**
 * All messages between host and webview. Both sides parse each message; one that is not listed here is
 * dropped. Verbs are closed: the webview can never name a command, a file outside the ledgers shown, or an address.
 *
 *                                       host: snapshot within the page itself, see {@link FIRST_SNAPSHOT}
 *     webview: ready {version?}         host: snapshot, unless the page's is that version (again when the ledger changed)
 *     webview: ask {id, questions}      host: answer {id, answers} | failed {id, message}
 *     webview: act {id, action}         host: done {id, text?} | failed {id, message}
 *     webview: cancel {id}              webview: choose {choices}
 *     host: show {choices}              webview: choose {choices}, the same, which confirms it
 */

/**
 * The name of the page's `<meta>` whose content is a snapshot as JSON, so that the webview can ask as soon as its script runs.
 * It may be out of date, because an editor loads the same page again when a hidden view is shown.
 */
export const FIRST_SNAPSHOT = 'llm-spend-snapshot';

/** The name of the page's `<meta>` whose content is its texts in another language, as JSON. */
export const PAGE_TEXTS = 'llm-spend-texts';

export const MAX_PAGE = 500;
export const MAX_QUESTIONS = 64;
export const MAX_IDS = 100_000;
const MAX_TEXT = 10_000_000;

const id = once(() => z.int().check(z.nonnegative()));
const dimension = once(() => z.enum(DIMENSIONS));
const instant = once(() => z.number().check(z.refine((ms) => Number.isFinite(ms) && Math.abs(ms) <= 8.64e15)));

export const filterSchema = once(() =>
  z.object({
    since: z.optional(instant()),
    until: z.optional(instant()),
    values: z.optional(filterValuesSchema()),
    search: z.optional(searchSchema()),
    /** Whether the name of a model means its dated snapshots too, in the filter and in groups by model. */
    folded: z.optional(z.boolean()),
  }),
);
export type FilterMessage = z.infer<ReturnType<typeof filterSchema>>;

const calendarSchema = once(() =>
  z.object({
    timeZone: z.string().check(z.minLength(1), z.maxLength(64)),
    firstDayOfWeek: z.int().check(z.minimum(1), z.maximum(7)),
  }),
);

const groupsQuestion = once(() =>
  z.object({
    kind: z.literal('groups'),
    filter: filterSchema(),
    groupBy: z.array(z.union([dimension(), z.enum(BUCKETS)])).check(z.maxLength(3)),
    calendar: calendarSchema(),
    top: z.optional(z.object({ count: z.int().check(z.minimum(1), z.maximum(1000)), by: z.enum(MEASURES) })),
  }),
);

const pageQuestion = once(() =>
  z.object({
    kind: z.literal('page'),
    filter: filterSchema(),
    sort: z.enum(SORT_KEYS),
    descending: z.boolean(),
    offset: z.int().check(z.nonnegative()),
    limit: z.int().check(z.minimum(0), z.maximum(MAX_PAGE)),
  }),
);

const coverageQuestion = once(() => z.object({ kind: z.literal('coverage') }));

const moneyQuestion = once(() =>
  z.object({
    kind: z.literal('money'),
    report: z.enum(MONEY_REPORTS),
    /** The models to compare with. */
    models: z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.maxLength(10)),
    filter: filterSchema(),
  }),
);
export type MoneyQuestion = z.infer<ReturnType<typeof moneyQuestion>>;

const question = once(() =>
  z.discriminatedUnion('kind', [groupsQuestion(), pageQuestion(), coverageQuestion(), moneyQuestion()]),
);
export type Question = z.infer<ReturnType<typeof question>>;
export type GroupsQuestion = z.infer<ReturnType<typeof groupsQuestion>>;
export type PageQuestion = z.infer<ReturnType<typeof pageQuestion>>;

const ledgerPath = once(() => z.string().check(z.maxLength(4096)));
const name = once(() => z.string().check(z.maxLength(1024)));
const usageId = once(() => z.string().check(z.maxLength(1024)));

const action = once(() =>
  z.discriminatedUnion('verb', [
    z.object({ verb: z.literal('record') }),
    z.object({ verb: z.literal('refresh') }),
    z.object({ verb: z.literal('import') }),
    z.object({ verb: z.literal('copyCommand') }),
    z.object({ verb: z.literal('walkthrough') }),
    z.object({ verb: z.literal('remove'), ids: z.array(usageId()).check(z.minLength(1), z.maxLength(MAX_IDS)) }),
    z.object({ verb: z.literal('edit'), ids: z.array(usageId()).check(z.minLength(1), z.maxLength(MAX_IDS)) }),
    z.object({ verb: z.literal('setPrices'), provider: z.optional(name()), model: z.optional(name()) }),
    z.object({ verb: z.literal('undo') }),
    z.object({ verb: z.literal('export'), format: z.enum(['csv', 'json']), filter: filterSchema() }),
    z.object({
      verb: z.literal('saveImage'),
      svg: z.string().check(z.maxLength(MAX_TEXT)),
      /** Base64. */
      png: z.string().check(z.maxLength(MAX_TEXT)),
    }),
    z.object({ verb: z.literal('openLedger'), path: z.optional(ledgerPath()), usageId: z.optional(usageId()) }),
    z.object({ verb: z.literal('copy'), text: z.string().check(z.maxLength(MAX_TEXT)) }),
    z.object({ verb: z.enum(['verify', 'repair', 'connect', 'keepLogs', 'updatePrices']) }),
    z.object({ verb: z.literal('scope'), scope: z.enum(SCOPES) }),
    z.object({ verb: z.literal('openPanel') }),
    z.object({ verb: z.literal('openSettings') }),
    /** `name`: the budget to act on. */
    z.object({ verb: z.literal('budgets'), name: z.optional(name()) }),
  ]),
);
export type Action = z.infer<ReturnType<typeof action>>;

const choices = once(() =>
  z.pipe(
    z.unknown(),
    z.transform((value): Choices => parseChoices(value)),
  ),
);

const toHost = once(() =>
  z.discriminatedUnion('type', [
    /** `version`: the version of the snapshot found in the page. */
    z.object({ type: z.literal('ready'), version: z.optional(z.number()) }),
    z.object({ type: z.literal('ask'), id: id(), questions: z.array(question()).check(z.maxLength(MAX_QUESTIONS)) }),
    z.object({ type: z.literal('cancel'), id: id() }),
    z.object({ type: z.literal('act'), id: id(), action: action() }),
    z.object({ type: z.literal('choose'), choices: choices() }),
  ]),
);
export type ToHost = z.infer<ReturnType<typeof toHost>>;

const problem = once(() =>
  z.object({
    severity: z.enum(['warning', 'error']),
    message: z.string(),
    line: z.optional(z.number()),
  }),
);

const ledger = once(() =>
  z.object({
    path: z.string(),
    /** A short name, unique among the ledgers shown. */
    label: z.string(),
    health: z.enum(['ok', 'missing', 'damaged', 'unavailable']),
    /** Whether new records go into this ledger. */
    primary: z.boolean(),
    records: z.number(),
    /** Records that are durable but not yet in the ledger's file. */
    pending: z.number(),
    unreadable: z.number(),
    problems: z.array(problem()),
  }),
);
export type LedgerInfo = z.infer<ReturnType<typeof ledger>>;

/** The currency in which costs are shown if it is not USD. The host converts all amounts before sending them. */
const currency = once(() =>
  z.object({
    code: z.string().check(z.regex(/^[A-Z]{3}$/)),
    /** The rates used, as display text. */
    note: z.string(),
  }),
);
export type ShownCurrency = z.infer<ReturnType<typeof currency>>;

const snapshot = once(() =>
  z.object({
    type: z.literal('snapshot'),
    /** Increases with every change of any ledger shown. */
    version: z.number(),
    /** false until the ledgers have been read once. */
    loaded: z.boolean(),
    place: z.enum(['sidebar', 'panel']),
    ledgers: z.array(ledger()),
    calendar: calendarSchema(),
    /** Absent: USD. Answers use the currency of the snapshot before them. */
    currency: z.optional(currency()),
    /** The machines whose costs are shown. Absent: this machine is in no team. */
    scope: z.optional(z.enum(SCOPES)),
    /** BCP 47, for numbers and dates. */
    locale: z.string(),
    /** Time of the last known change of the ledgers, ms since the epoch. */
    updatedAt: z.optional(z.number()),
    /** Why the ledgers could not be opened, as display text. */
    failure: z.optional(z.string()),
    choices: choices(),
    budgets: z.array(budgetRow()),
    /** The age of the prices in days, if they are old. */
    priceDays: z.optional(z.number()),
  }),
);
export type HistorySnapshot = z.infer<ReturnType<typeof snapshot>>;

const wireRecord = once(() =>
  z.looseObject({
    usage_id: z.string(),
    provider: z.string(),
    model: z.string(),
    operation: z.string(),
    input_tokens: z.number(),
    output_tokens: z.number(),
    total_tokens: z.number(),
    cost_usd: z.number(),
    cost_known: z.boolean(),
    billing_mode: z.enum(['known', 'estimated', 'runtime_managed']),
    timestamp: z.string(),
  }),
);

const wireGroups = once(() =>
  z.pipe(
    z.custom<WireGroups>(() => true),
    z.transform((value, context): Group[] => {
      const groups = decodeGroups(value);
      if (groups !== undefined) return groups;
      context.issues.push({ code: 'custom', message: 'malformed groups', input: value });
      return z.NEVER;
    }),
  ),
);

const answer = once(() =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('groups'),
      groups: wireGroups(),
      /** The colour of each value of the last grouping: an index into the palette, permanent and the same in every view. */
      slots: z.array(z.tuple([z.string(), z.number()])),
    }),
    z.object({
      kind: z.literal('page'),
      total: z.number(),
      rows: z.array(
        z.object({
          ledger: z.string(),
          record: wireRecord(),
          /** Its cost in the snapshot's currency (see usage/amount.ts); absent if the cost or the day's rate is unknown. */
          amount: z.optional(z.string().check(z.regex(/^-?\d{1,60}$/))),
        }),
      ),
    }),
    z.object({ kind: z.literal('coverage'), report: coverageReport() }),
    z.object({ kind: z.literal('money'), report: moneyReportSchema() }),
  ]),
);
/** As written by the host. */
export type WireAnswer = z.input<ReturnType<typeof answer>>;
/** As read by the webview. */
export type HostAnswer = z.output<ReturnType<typeof answer>>;
export type RecordRow = Extract<HostAnswer, { kind: 'page' }>['rows'][number];

const toView = once(() =>
  z.discriminatedUnion('type', [
    snapshot(),
    z.object({ type: z.literal('answer'), id: id(), version: z.number(), answers: z.array(answer()) }),
    z.object({ type: z.literal('done'), id: id(), text: z.optional(z.string()) }),
    z.object({ type: z.literal('failed'), id: id(), message: z.string() }),
    z.object({ type: z.literal('show'), choices: choices() }),
  ]),
);
export type ToView = z.input<ReturnType<typeof toView>>;
export type HostMessage = z.output<ReturnType<typeof toView>>;

/** Parses a message to the host; undefined for any message that the webview may not send. */
export function parseToHost(value: unknown): ToHost | undefined {
  const parsed = toHost().safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** Parses a message to the webview; undefined for any message that the host would not send. */
export function parseToView(value: unknown): HostMessage | undefined {
  const parsed = toView().safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
