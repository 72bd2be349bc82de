import type { MoneyQuestion } from '../../protocol/messages.ts';
import type { MoneyReport, ReportTable } from '../../protocol/reports.ts';
import { DIMENSION_LABELS, FIELD_DIMENSIONS } from '../../usage/dimensions.ts';
import { formatUsd } from '../../usage/money.ts';
import type { Dimension, UsageFilter } from '../../usage/query.ts';
import type { TextStyle } from '../common/costText.ts';

/** The reports `compare` and `costs --cache` of the command, as tables for the page of the cost history. */

const TOP = 10;

/** The arguments that ask the command for a report over these ledgers. @throws {Error} for a filter that it does not know. */
export function reportArguments(
  { report, models, filter }: MoneyQuestion,
  ledgers: readonly string[],
  { t }: TextStyle,
): string[] {
  const [primary = '', ...others] = ledgers;
  const more = report === 'compare' ? 'also' : 'with';
  if (ledgers.some(hasPassword)) {
    throw new Error(
      t('The address of a ledger has a password, which other programs could see. Use the command in a terminal.'),
    );
  }
  return [
    ...(report === 'compare' ? ['compare', `--with=${models.join(',')}`] : ['costs', '--cache']),
    `--ledger=${primary}`,
    ...others.map((path) => `--${more}=${path}`),
    ...filterArguments(filter, { t }),
  ];
}

function hasPassword(ledger: string): boolean {
  return URL.canParse(ledger) && new URL(ledger).password !== '';
}

function filterArguments({ since, until, values, search }: UsageFilter, { t }: Pick<TextStyle, 't'>): string[] {
  const edge = (name: string, ms: number | undefined): string[] =>
    ms === undefined ? [] : [`--${name}=${new Date(ms).toISOString()}`];
  const known: readonly string[] = FIELD_DIMENSIONS.map(({ name }) => name);
  const flags = Object.entries(values ?? {}).flatMap(([dimension, list]) => {
    if (!known.includes(dimension)) {
      const label = t(DIMENSION_LABELS[dimension as Dimension]);
      throw new Error(t('This report cannot be filtered by {0}. Remove that filter.', label));
    }
    return list.map((value) => `--${dimension}=${value ?? ''}`);
  });
  return [...edge('since', since), ...edge('until', until), ...flags, ...(search ? [`--search=${search}`] : [])];
}

type Json = Readonly<Record<string, unknown>>;

/** @param answer the JSON that the command printed. */
export function moneyReport(report: MoneyQuestion['report'], answer: unknown, style: TextStyle): MoneyReport {
  return report === 'compare' ? comparison(answer as Json, style) : cache(answer as Json, style);
}

function comparison(answer: Json, style: TextStyle): MoneyReport {
  const { t } = style;
  const all = answer as unknown as ComparedJson;
  const columns = [
    t('Model'),
    t('Cost'),
    t('Difference'),
    t('Without fast mode'),
    t('Without cache'),
    t('Hit rate + 10 points'),
  ];
  const figures = (costs: Json, isOther: boolean): string[] => {
    if (costs['records'] === 0) return [t('unknown'), '', '', '', ''];
    return [
      range(costs, 'cost', style),
      isOther ? range(costs, 'difference', style, true) : '',
      range(costs, 'without_fast', style),
      range(costs, 'without_cache', style),
      range(costs, 'more_cached', style),
    ];
  };
  const rows = all.models.map((costs) => [
    `${text(costs, 'provider')}/${text(costs, 'model')}`,
    ...figures(costs, true),
  ]);
  const names = all.models.map((costs) => text(costs, 'model'));
  const groups = (title: string, name: string, list: readonly ComparedJson[]): ReportTable[] => {
    if (list.length < 2) return [];
    const lines = list.slice(0, TOP).map((group) => {
      const costs = [group.used, ...group.models].map((each) =>
        each['records'] === 0 ? t('unknown') : range(each, 'cost', style),
      );
      return [nameOf(group as unknown as Json, name, style), ...costs];
    });
    return [{ title, columns: [t(name), t('As used'), ...names], rows: lines }];
  };
  return {
    tables: [
      { title: '', columns, rows: [[t('As used, at list price'), ...figures(all.used, false)], ...rows] },
      ...groups(t('By project'), 'Project', all.by_project),
      ...groups(t('By operation'), 'Operation', all.by_operation),
    ],
    notes: [
      recordsNote(all.used, all, style),
      ...all.models.flatMap((costs) => modelNotes(costs, style)),
      t(
        'This is arithmetic: the recorded tokens at the list prices of each day. Tokenizers differ, and another model would answer at another length.',
      ),
    ],
  };
}

/** The JSON of `compare`, as far as it is shown. */
interface ComparedJson {
  used: Json;
  models: readonly Json[];
  not_compared: Json;
  by_project: readonly ComparedJson[];
  by_operation: readonly ComparedJson[];
}

function modelNotes(costs: Json, { t }: TextStyle): string[] {
  const model = text(costs, 'model');
  const count = Number(costs['unpriced_records']);
  return [
    ...(costs['assumed'] === true ? [t('{0}: the price of the model with the most similar name.', model)] : []),
    ...('cost_low_nanos' in costs ? [t('{0}: no price for cached tokens; at most the price of input.', model)] : []),
    ...(count > 0 ? [t('{0}: {1} calls not compared. {2}', model, count, text(costs, 'unpriced_reason'))] : []),
  ];
}

function cache(answer: Json, style: TextStyle): MoneyReport {
  const { t } = style;
  const all = answer['cache'] as Json;
  const amount = (costs: Json, name: string): string => range(costs, name, style);
  const rows = [
    [t('Hit rate'), hitRate(all, style)],
    [t('List price without the cache'), amount(all, 'uncached')],
    [t('List price as used'), amount(all, 'paid')],
    [t('Savings'), amount(all, 'savings')],
    [t('Saved by reading'), amount(all, 'saved_by_reading')],
    [t('Surcharge for writing'), amount(all, 'writing_surcharge')],
    [t('Paid for writing'), amount(all, 'paid_for_writing')],
    [t('Written and never read'), amount(all, 'never_read')],
  ];
  const columns = [t('Hit rate'), t('Paid'), t('Savings'), t('Paid for writing'), t('Written and never read')];
  const groups = (title: string, name: string, list: readonly Json[]): ReportTable[] => {
    const priced = list.filter((each) => Number(each['records']) > 0);
    if (priced.length < 2) return [];
    const lines = priced.slice(0, TOP).map((each) => {
      const amounts = ['paid', 'savings', 'paid_for_writing', 'never_read'].map((field) => amount(each, field));
      return [nameOf(each, name, style), hitRate(each, style), ...amounts];
    });
    return [{ title, columns: [t(name), ...columns], rows: lines }];
  };
  return {
    tables: [
      { title: '', columns: [t('Cache'), t('Amount')], rows },
      ...groups(t('By project'), 'Project', answer['by_project'] as Json[]),
      ...groups(t('By session'), 'Session', answer['by_session'] as Json[]),
    ],
    notes: [
      recordsNote(all, all as unknown as Pick<ComparedJson, 'not_compared'>, style),
      t('Never read: tokens beyond the longest prefix that a later call of the session read.'),
    ],
  };
}

function recordsNote(
  used: Json,
  { not_compared: left }: Pick<ComparedJson, 'not_compared'>,
  { t, locale }: TextStyle,
): string {
  const count = (n: unknown): string => new Intl.NumberFormat(locale).format(Number(n));
  if (left['records'] === 0) return t('{0} calls at list price.', count(used['records']));
  return t(
    '{0} calls at list price; left out: {1} without tokens or without a list price.',
    count(used['records']),
    count(left['records']),
  );
}

/** An amount or a range of amounts. @param signed whether an increase has a plus sign. */
function range(costs: Json, name: string, { locale, t }: TextStyle, signed = false): string {
  const format = (nanos: unknown): string => {
    const value = BigInt(nanos as string);
    return `${signed && value > 0n ? '+' : ''}${formatUsd(value, locale)}`;
  };
  const high = format(costs[`${name}_nanos`]);
  const low = costs[`${name}_low_nanos`];
  return low === undefined ? high : t('{0} to {1}', format(low), high);
}

function hitRate(costs: Json, { locale }: TextStyle): string {
  const rate = costs['hit_rate'];
  if (typeof rate !== 'number') return '';
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(rate);
}

function nameOf(group: Json, name: string, { t }: TextStyle): string {
  return text(group, name.toLowerCase()) || t('(none)');
}

function text(object: Json, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
