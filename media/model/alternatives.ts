import type { Choices } from '../../src/protocol/choices.ts';
import type { HistorySnapshot } from '../../src/protocol/messages.ts';
import { searchParts } from '../../src/usage/line/searchText.ts';
import type { Dimension } from '../../src/usage/query.ts';
import { dimensionName } from './names.ts';
import { filterOf, groups } from './questions.ts';
import type { AskHost } from './questions.ts';
import { rangeOfChoice } from './range.ts';
import { t } from './texts.ts';

/** A change of the choices that finds calls where the present ones find none. */
export interface Alternative {
  label: string;
  changes: Partial<Choices>;
  calls: number;
}

/** Ways to leave out one restriction each: the range, a dimension's values, a term of the search. */
export function loosened(choices: Choices): Omit<Alternative, 'calls'>[] {
  const { range, values, search } = choices;
  const parts = searchParts(search).map(({ text }) => text);
  return [
    ...(range.kind === 'all' ? [] : [{ label: t('All time'), changes: { range: { kind: 'all' as const } } }]),
    ...(Object.keys(values) as Dimension[]).map((dimension) => {
      const { [dimension]: _left, ...others } = values;
      return { label: t('Any {0}', dimensionName(dimension).toLowerCase()), changes: { values: others } };
    }),
    ...parts.map((part, at) => ({
      label: t('Without {0}', part),
      changes: { search: parts.filter((_, index) => index !== at).join(' ') },
    })),
  ];
}

/** The ways out that find calls, the most first. */
export async function alternativesTo(
  ask: AskHost,
  { calendar }: Pick<HistorySnapshot, 'calendar'>,
  choices: Choices,
  now: number,
): Promise<Alternative[]> {
  const ways = loosened(choices).slice(0, MAX_WAYS);
  const answers = await ask(
    'alternatives',
    ways.map(({ changes }) => {
      const after = { ...choices, ...changes };
      return groups(filterOf(after, rangeOfChoice(after.range, now, calendar)), [], calendar);
    }),
  );
  return ways
    .map((way, index) => {
      const answer = answers[index];
      return { ...way, calls: answer?.kind === 'groups' ? (answer.groups[0]?.totals.records ?? 0) : 0 };
    })
    .filter(({ calls }) => calls > 0)
    .toSorted((a, b) => b.calls - a.calls);
}

const MAX_WAYS = 12;
