import { compareUsage, UnknownModelError, type ComparedModel, type ModelComparison } from '../../../library/compare.ts';
import type { AmountRange, ComparedGroup, ModelCosts } from '../../../pricing/compare/comparison.ts';
import { formatUsd, type Nanos } from '../../../usage/money.ts';
import { FILTER_NOTES, FILTER_OPTIONS, filterJson, selection, type FilterFlags } from '../../arguments/filters.ts';
import { ledgersJson, warnOfDamage, withView } from '../../arguments/ledgers.ts';
import type { CommandSpec } from '../../command.ts';
import { CliError, usageError } from '../../output/exit.ts';
import { envelope, money, writeJson } from '../../output/json.ts';
import { table, type Column } from '../../output/table.ts';
import { styled, type Terminal } from '../../output/terminal.ts';
import { byText } from '../../report/groups.ts';
import { counted } from '../../report/numbers.ts';
import { priceNote } from '../../report/priceNote.ts';
import { userPrices } from '../../userPrices.ts';
import { t } from '../../language/text.ts';

export interface CompareFlags extends FilterFlags {
  with?: string[];
  /** Further ledgers: `--with` names models. */
  also?: string[];
  ledger?: string;
  json?: boolean;
}

const MOST_MODELS = 10;
/** Number of projects and operations that the text shows. */
const TOP = 10;

/** `llm-spend compare`: what the recorded usage would have cost at other models. */
export async function reportComparison(flags: CompareFlags, terminal: Terminal): Promise<number> {
  const names = [...new Set((flags.with ?? []).flatMap((list) => list.split(',')).map((name) => name.trim()))];
  if (names.length === 0 || names.includes('')) {
    throw usageError(t`--with: names the models to compare with: --with gpt-5,claude-sonnet-4-5.`, '--with');
  }
  if (names.length > MOST_MODELS) throw usageError(t`--with: takes at most ${MOST_MODELS} models.`, '--with');
  const chosen = selection(flags, terminal.now());
  const pricer = await (await userPrices()).pricer();
  if (pricer === undefined) throw new CliError('prices', t`The prices cannot be read.`);
  const { with: _models, also, ...others } = flags;
  return withView({ ...others, ...(also && { with: also }) }, async (sources) => {
    const comparison = await compareUsage(sources.view, pricer, names, chosen.filter).catch((error: unknown) => {
      throw error instanceof UnknownModelError ? usageError(t`--with: ${error.message}`, '--with') : error;
    });
    if (flags.json === true) {
      const selected = { ledgers: ledgersJson(sources), filter: filterJson(chosen) };
      await writeJson(terminal.out, envelope('compare', { ...selected, ...comparisonJson(comparison) }));
    } else {
      const age = comparison.all.used.records === 0 ? undefined : await priceNote(terminal.now());
      await terminal.out.line([comparisonText(comparison, terminal), age].filter(Boolean).join('\n'));
    }
    return warnOfDamage(sources, terminal);
  });
}

function comparisonJson({ models, all, byProject, byOperation }: ModelComparison): object {
  return {
    ...groupJson(all, models),
    by_project: byProject.map((group) => ({ project: group.key[0], ...groupJson(group, models) })),
    by_operation: byOperation.map((group) => ({ operation: group.key[0], ...groupJson(group, models) })),
    note: ARITHMETIC,
  };
}

function groupJson({ used, models: costs, notCompared }: ComparedGroup, models: readonly ComparedModel[]): object {
  return {
    used: costsJson(used),
    models: models.map(({ provider, model, isAssumed }, i) => ({
      provider,
      model,
      assumed: isAssumed,
      ...costsJson(costs[i]!),
    })),
    not_compared: {
      records: notCompared.withoutTokens + notCompared.invalid + notCompared.withoutPrice,
      without_tokens: notCompared.withoutTokens,
      invalid_counts: notCompared.invalid,
      without_price: notCompared.withoutPrice,
    },
  };
}

function costsJson(costs: ModelCosts): object {
  const { cost, used } = costs;
  return {
    records: costs.records,
    ...money('used', used),
    ...rangeJson('cost', cost),
    ...rangeJson('difference', { low: cost.low - used, high: cost.high - used }),
    ...rangeJson('without_fast', costs.withoutFast),
    ...money('without_cache', costs.withoutCache),
    ...rangeJson('more_cached', costs.moreCached),
    normal_mode_records: costs.termsDropped,
    unpriced_records: costs.unpriced,
    unpriced_reason: costs.reason ?? null,
  };
}

function rangeJson(name: string, { low, high }: AmountRange): object {
  return { ...money(name, high), ...(low === high ? {} : money(`${name}_low`, low)) };
}

function comparisonText({ models, all, byProject, byOperation }: ModelComparison, { out }: Terminal): string {
  const options = { width: out.columns, head: (line: string): string => styled(out, 'bold', line) };
  const right = (title: string, dropOrder?: number): Column => {
    return { title, align: 'right', ...(dropOrder === undefined ? {} : { dropOrder }) };
  };
  const columns: Column[] = [
    { title: t`Model`, shrinks: true },
    right(t`Cost`),
    right(t`Difference`),
    right(t`No fast mode`, 3),
    right(t`No cache`, 2),
    right(t`Hit rate +10 points`, 1),
  ];
  const rows = [
    [t`As used, at list price`, all.used],
    ...models.map(({ provider, model }, i) => [`${provider}/${model}`, all.models[i]!] as const),
  ] as const;
  const parts = [
    `${styled(out, 'bold', t`The same usage at other models`)}\n${table(
      columns,
      rows.map(([name, costs], i) => [name, ...figures(costs, i > 0)]),
      { ...options, indent: 2 },
    )}`,
  ];
  for (const [by, groups] of [
    ['project', byProject],
    ['operation', byOperation],
  ] as const) {
    if (groups.length < 2) continue;
    const names = models.map(({ model }, i) => right(model, models.length - i));
    const lines = groups.slice(0, TOP).map(({ key, used, models: costs }) => {
      const texts = [used, ...costs].map(({ records, cost }) => (records === 0 ? t`unknown` : rangeText(cost)));
      return [key[0] ?? t`(none)`, ...texts];
    });
    const shown = table(
      [{ title: by === 'project' ? t`Project` : t`Operation`, shrinks: true }, right(t`As used`), ...names],
      lines,
      { ...options, indent: 2 },
    );
    const more = groups.length > TOP ? `\n  ${styled(out, 'dim', t`and ${groups.length - TOP} more: --json`)}` : '';
    parts.push(`${styled(out, 'bold', byText(by))}\n${shown}${more}`);
  }
  return [...parts, [...notes(models, all), ARITHMETIC].join('\n')].join('\n\n');
}

function figures(costs: ModelCosts, isOther: boolean): string[] {
  const { cost, used } = costs;
  if (costs.records === 0) return [t`unknown`, '', '', '', ''];
  return [
    rangeText(cost),
    isOther ? differenceText({ low: cost.low - used, high: cost.high - used }, used) : '',
    rangeText(costs.withoutFast),
    formatUsd(costs.withoutCache),
    rangeText(costs.moreCached),
  ];
}

function rangeText({ low, high }: AmountRange): string {
  return low === high ? formatUsd(high) : t`${formatUsd(low)} to ${formatUsd(high)}`;
}

function differenceText(difference: AmountRange, used: Nanos): string {
  const signed = (nanos: Nanos): string => `${nanos > 0n ? '+' : ''}${formatUsd(nanos)}`;
  const { low, high } = difference;
  if (low !== high) return t`${signed(low)} to ${signed(high)}`;
  const percent = used === 0n ? '' : ` (${high > 0n ? '+' : ''}${Number((high * 1000n) / used) / 10} %)`;
  return `${signed(high)}${percent}`;
}

const ARITHMETIC = t`This is arithmetic: the recorded tokens at the list prices of each day. Tokenizers differ, and another model would answer at another length.`;

function notes(models: readonly ComparedModel[], { used, models: costs, notCompared }: ComparedGroup): string[] {
  const { withoutTokens, invalid, withoutPrice } = notCompared;
  const left = withoutTokens + invalid + withoutPrice;
  const reasons = [
    ...(withoutTokens > 0 ? [t`${counted(withoutTokens, 'record')} without tokens`] : []),
    ...(withoutPrice > 0 ? [t`${counted(withoutPrice, 'record')} of models without a list price`] : []),
    ...(invalid > 0 ? [t`${counted(invalid, 'record')} with impossible counts`] : []),
  ];
  const lines = [
    left === 0
      ? t`All ${counted(used.records, 'record')} compared.`
      : t`${counted(used.records, 'record')} compared; not compared: ${reasons.join(', ')}.`,
  ];
  for (const [i, { model, isAssumed }] of models.entries()) {
    const { cost, unpriced, reason, termsDropped } = costs[i]!;
    if (isAssumed) lines.push(t`${model}: the price of the model with the most similar name.`);
    if (cost.low !== cost.high) lines.push(t`${model}: no price for cached tokens; at most the price of input.`);
    if (unpriced > 0) lines.push(t`${model}: ${counted(unpriced, 'record')} not compared. ${reason ?? ''}`);
    if (termsDropped > 0) {
      lines.push(
        t`${model}: ${counted(termsDropped, 'record')} used a mode that it does not offer; priced in its normal mode.`,
      );
    }
  }
  return lines;
}

export const command: CommandSpec<CompareFlags> = {
  summary: 'show what the same usage would have cost with other models',
  options: [
    {
      flags: '--with <models>',
      help: 'the models to compare with, separated by commas (repeatable)',
      repeatable: true,
    },
    {
      flags: '--also <file>',
      help: 'also count this ledger; a record in several ledgers counts once (repeatable)',
      repeatable: true,
    },
    ...FILTER_OPTIONS.filter(({ flags }) => !flags.startsWith('--with ')),
  ],
  examples: [
    'llm-spend compare --with gpt-5.5,claude-haiku-4-5',
    'llm-spend compare --with openai/gpt-5.4-mini --project site --days 30',
  ],
  notes: t`${FILTER_NOTES}\nCosts are list prices of the day of each call, with the cache, the service tier and the size of each call.`,
  run: ({ flags, terminal }) => reportComparison(flags, terminal),
};
