import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Choices } from '../../src/protocol/choices.ts';
import type { MenuRow } from '../../src/protocol/row.ts';
import type { Dimension, UsageFilter } from '../../src/usage/query.ts';
import type { ViewContext } from '../context.ts';
import { breakdownRows, pathId } from '../model/breakdown.ts';
import type { BreakdownRow, NodePath } from '../model/breakdown.ts';
import { placeOfPage } from '../model/menuRow.ts';
import { filterMessage } from '../model/questions.ts';
import { dimensionsBut, iconToggle, select } from './controls.ts';
import { t } from '../model/texts.ts';

/** The breakdown with the controls for its levels. */
export function breakdownTemplate(context: ViewContext): TemplateResult {
  const { choices, shown, format, ui, nameOf } = context;
  const rows = breakdownRows(
    { ...choices, levels: shown.choices.levels },
    { children: shown.children, expanded: new Set(ui.expanded.map(pathId)), grand: shown.totals },
    nameOf,
  );
  return html`<section class="breakdown-section" aria-label=${t('Breakdown')}>
    <header class="section-header">
      <h2>${t('Breakdown')}</h2>
      <div class="controls">
        ${levelSelects(context)}
        ${
          choices.levels.includes('model') || choices.stack === 'model'
            ? iconToggle('versions', t('Show dated snapshots of models'), !choices.foldSnapshots, () =>
                context.choose({ foldSnapshots: !choices.foldSnapshots }),
              )
            : nothing
        }
      </div>
    </header>
    <spend-breakdown
      .rows=${rows}
      .sort=${choices.breakdownSort}
      .format=${format}
      .nameOf=${(row: BreakdownRow) =>
        row.rest === undefined ? nameOf(row.dimension, row.value) : t('{0} others', format.count(row.rest))}
      .menuOf=${(row: BreakdownRow) => menuRow(context, row)}
      @sort=${({ detail }: CustomEvent<Choices['breakdownSort']>) => context.choose({ breakdownSort: detail })}
      @toggle=${({ detail }: CustomEvent<BreakdownRow>) => context.set({ expanded: toggled(ui.expanded, detail.path) })}
      @filter=${({ detail }: CustomEvent<BreakdownRow>) =>
        context.filterBy(
          detail.path.flatMap((value, level) => {
            const dimension = shown.choices.levels[level];
            return dimension === undefined ? [] : [[dimension, value] as const];
          }),
        )}
    ></spend-breakdown>
  </section>`;
}

/** A folded rest has no menu, because its values have no names. */
function menuRow({ shown, format, nameOf }: ViewContext, row: BreakdownRow): MenuRow | undefined {
  if (row.rest !== undefined) return undefined;
  const values = row.path.flatMap((value, level) => {
    const dimension = shown.choices.levels[level];
    return dimension === undefined ? [] : [[dimension, value] as [Dimension, string | null]];
  });
  const own = Object.fromEntries(values.map(([dimension, value]) => [dimension, [value]]));
  const filter = { ...shown.filter, values: { ...shown.filter.values, ...(own as UsageFilter['values']) } };
  return {
    place: placeOfPage(document.body),
    text: `${nameOf(row.dimension, row.value)}\t${format.cost(row.totals)}`,
    values,
    filter: filterMessage(filter),
  };
}

/** One drop-down for each selected level, and one for the next. */
function levelSelects({ choices, choose }: ViewContext): unknown {
  const { levels } = choices;
  const none: Partial<Record<Dimension | 'none', string>> = { none: t('(none)') };
  const [first = 'provider', second, third] = levels;
  return html`
    ${select({ label: t('Rows') }, first, dimensionsBut(), (next) => choose({ levels: levelsWith(levels, 0, next) }))}
    ${select({ label: t('Then by') }, second ?? 'none', { ...none, ...dimensionsBut(first) }, (next) =>
      choose({ levels: levelsWith(levels, 1, next) }),
    )}
    ${
      second === undefined
        ? nothing
        : select(
            { label: t('And then by'), classes: third === undefined ? 'third unset' : 'third' },
            third ?? 'none',
            { ...none, ...dimensionsBut(first, second) },
            (next) => choose({ levels: levelsWith(levels, 2, next) }),
          )
    }
  `;
}

/** The levels with another one at a position; `none` ends the list there. */
function levelsWith(levels: readonly Dimension[], at: number, value: Dimension | 'none'): Dimension[] {
  const outer = levels.slice(0, at);
  if (value === 'none') return outer;
  return [...outer, value, ...levels.slice(at + 1).filter((level) => level !== value)];
}

function toggled(expanded: readonly NodePath[], path: NodePath): NodePath[] {
  const id = pathId(path);
  const others = expanded.filter((other) => pathId(other) !== id);
  return others.length < expanded.length ? others : [...others, path];
}
