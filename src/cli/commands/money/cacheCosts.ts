import { cacheCosts, cachePass, type CacheCosts, type CacheGroup } from '../../../pricing/compare/cacheDollars.ts';
import { formatUsd } from '../../../usage/money.ts';
import { tokenSum } from '../../../usage/tokenSum.ts';
import { exactNumber } from '../../../usage/jsonText.ts';
import { filterJson, type Selection } from '../../arguments/filters.ts';
import { ledgersJson, type Sources } from '../../arguments/ledgers.ts';
import { CliError } from '../../output/exit.ts';
import { envelope, money, writeJson } from '../../output/json.ts';
import { table, type Column } from '../../output/table.ts';
import { styled, type Terminal } from '../../output/terminal.ts';
import { byText } from '../../report/groups.ts';
import { counted, whole } from '../../report/numbers.ts';
import { priceNote } from '../../report/priceNote.ts';
import { userPrices } from '../../userPrices.ts';
import { t } from '../../language/text.ts';

const TOP = 10;

/** `llm-spend costs --cache`: the effect of the prompt cache in dollars, by project and session. */
export async function reportCache(
  chosen: Selection,
  sources: Sources,
  isJson: boolean,
  terminal: Terminal,
): Promise<void> {
  const pricer = await (await userPrices()).pricer();
  if (pricer === undefined) throw new CliError('prices', t`The prices cannot be read.`);
  const { all, byProject, bySession } = cacheCosts(await sources.view.pass(cachePass(pricer, chosen.filter)));
  if (!isJson) {
    const note = all.records === 0 ? undefined : await priceNote(terminal.now());
    await terminal.out.line([cacheText(all, byProject, bySession, terminal), note].filter(Boolean).join('\n'));
    return;
  }
  await writeJson(
    terminal.out,
    envelope('costs', {
      ledgers: ledgersJson(sources),
      timezone: chosen.calendar.timeZone,
      filter: filterJson(chosen),
      cache: cacheJson(all),
      by_project: byProject.map(({ key, costs }) => ({ project: key, ...cacheJson(costs) })),
      by_session: bySession.map(({ key, costs }) => ({ session: key, ...cacheJson(costs) })),
    }),
  );
}

function cacheJson(costs: CacheCosts): object {
  const { withoutTokens, invalid, withoutPrice } = costs.notCompared;
  return {
    records: costs.records,
    input_tokens: exactNumber(tokenSum(costs.inputTokens)),
    cache_read_tokens: exactNumber(tokenSum(costs.readTokens)),
    cache_write_tokens: exactNumber(tokenSum(costs.writtenTokens)),
    hit_rate: hitRate(costs) ?? null,
    ...money('uncached', costs.uncached),
    ...money('paid', costs.paid),
    ...money('savings', costs.savings),
    ...money('saved_by_reading', costs.savedByReading),
    ...money('paid_for_writing', costs.paidForWriting),
    ...money('writing_surcharge', costs.surcharge),
    never_read_tokens: exactNumber(tokenSum(costs.neverReadTokens)),
    ...money('never_read', costs.neverRead),
    without_session_records: costs.withoutSession,
    not_compared: {
      records: withoutTokens + invalid + withoutPrice,
      without_tokens: withoutTokens,
      invalid_counts: invalid,
      without_price: withoutPrice,
    },
  };
}

/** 0 to 1; undefined without input. */
function hitRate({ readTokens, inputTokens }: CacheCosts): number | undefined {
  return inputTokens === 0n ? undefined : Number((readTokens * 10_000n) / inputTokens) / 10_000;
}

function percentOf(costs: CacheCosts): string {
  const rate = hitRate(costs);
  return rate === undefined ? '' : `${Math.round(rate * 1000) / 10} %`;
}

function cacheText(
  all: CacheCosts,
  byProject: readonly CacheGroup[],
  bySession: readonly CacheGroup[],
  { out }: Terminal,
): string {
  const options = { width: out.columns, indent: 2, head: (line: string): string => styled(out, 'bold', line) };
  const rows: [string, string, string][] = [
    [t`Hit rate`, percentOf(all), t`${whole(all.readTokens)} of ${whole(all.inputTokens)} input tokens`],
    [t`List price without the cache`, formatUsd(all.uncached), ''],
    [t`List price as used`, formatUsd(all.paid), ''],
    [t`Savings`, formatUsd(all.savings), ''],
    [`  ${t`saved by reading`}`, formatUsd(all.savedByReading), ''],
    [`  ${t`surcharge for writing`}`, formatUsd(all.surcharge), ''],
    [t`Paid for writing`, formatUsd(all.paidForWriting), t`${whole(all.writtenTokens)} tokens`],
    [`  ${t`written and never read`}`, formatUsd(all.neverRead), t`${whole(all.neverReadTokens)} tokens`],
  ];
  const columns: Column[] = [{ title: '' }, { title: '', align: 'right' }, { title: '' }];
  const parts = [`${styled(out, 'bold', t`Cache`)}\n${table(columns, rows, options).split('\n').slice(1).join('\n')}`];
  for (const [by, groups] of [
    ['project', byProject],
    ['session', bySession],
  ] as const) {
    const priced = groups.filter(({ costs }) => costs.records > 0);
    if (priced.length < 2) continue;
    const lines = priced.slice(0, TOP).map(({ key, costs }) => {
      const amounts = [costs.paid, costs.savings, costs.paidForWriting, costs.neverRead].map((nanos) =>
        formatUsd(nanos),
      );
      return [key ?? t`(none)`, percentOf(costs), ...amounts];
    });
    const more = priced.length > TOP ? `\n  ${styled(out, 'dim', t`and ${priced.length - TOP} more: --json`)}` : '';
    parts.push(`${styled(out, 'bold', byText(by))}\n${table(columnsOf(by), lines, options)}${more}`);
  }
  return [...parts, cacheNotes(all).join('\n')].join('\n\n');
}

function columnsOf(by: 'project' | 'session'): Column[] {
  const right = (name: string, dropOrder?: number): Column => {
    return { title: name, align: 'right', ...(dropOrder === undefined ? {} : { dropOrder }) };
  };
  const names = [right(t`Hit rate`), right(t`Paid`), right(t`Saved`), right(t`Writing`, 2), right(t`Never read`, 1)];
  return [{ title: by === 'project' ? t`Project` : t`Session`, shrinks: true }, ...names];
}

function cacheNotes({ records, notCompared, withoutSession }: CacheCosts): string[] {
  const { withoutTokens, invalid, withoutPrice } = notCompared;
  const reasons = [
    ...(withoutTokens > 0 ? [t`${counted(withoutTokens, 'record')} without tokens`] : []),
    ...(withoutPrice > 0 ? [t`${counted(withoutPrice, 'record')} of models without a list price`] : []),
    ...(invalid > 0 ? [t`${counted(invalid, 'record')} with impossible counts`] : []),
  ];
  const left = reasons.length === 0 ? '' : t`; left out: ${reasons.join(', ')}`;
  const sessions =
    withoutSession === 0
      ? []
      : [
          t`${counted(withoutSession, 'record')} wrote to the cache but name no session: not known whether it was read.`,
        ];
  return [
    t`${counted(records, 'record')} at list price${left}.`,
    ...sessions,
    t`Never read: tokens beyond the longest prefix that a later call of the session read.`,
  ];
}
