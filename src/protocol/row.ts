import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';
import { DIMENSIONS } from '../usage/dimensions.ts';
import type { Dimension } from '../usage/query.ts';
import { exactTerm } from '../usage/line/searchText.ts';
import type { Choices } from './choices.ts';
import { filterSchema, MAX_IDS } from './messages.ts';

/**
 * The row of a list on which a context menu was opened, as its commands receive it: from the tree, or from the page of the cost
 * history by way of the editor. Pure.
 */

const MAX_TEXT = 100_000;
const text = once(() => z.string().check(z.maxLength(MAX_TEXT)));

const rowSchema = once(() =>
  z.object({
    place: z.enum(['tree', 'sidebar', 'panel']),
    /** The text for the clipboard. */
    text: text(),
    /** The values of the row, outermost first; the last one is that of the row itself. */
    values: z.array(z.tuple([z.enum(DIMENSIONS), z.nullable(text())])).check(z.maxLength(8)),
    /** The records of a group; absent where `ids` names them. */
    filter: z.optional(filterSchema()),
    ids: z.optional(z.array(text()).check(z.maxLength(MAX_IDS))),
  }),
);
export type MenuRow = z.infer<ReturnType<typeof rowSchema>>;

/** The name under which the page puts the row into the editor's menu context. */
export const ROW_KEY = 'spendRow';
/** The sections that the conditions of menus name. */
export const ROW_SECTIONS = { record: 'llmSpendRecord', group: 'llmSpendGroup' } as const;

/** The row in the argument that the editor passes to a command of a webview's menu; undefined for anything else. */
export function readRow(argument: unknown): MenuRow | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  const parsed = rowSchema().safeParse((argument as Record<string, unknown>)[ROW_KEY]);
  return parsed.success ? parsed.data : undefined;
}

/** The choices that show only what has the values of a row. */
export function filteredByRow({ values }: Pick<MenuRow, 'values'>, before: Choices): Partial<Choices> {
  return {
    values: { ...before.values, ...(Object.fromEntries(values.map(([key, value]) => [key, [value]])) as object) },
  };
}

/**
 * The choices that leave out what has the row's own value; undefined if it has none that can be written.
 * @param models for a row of a model: the model and its dated snapshots.
 */
export function excludingRow(
  { values }: Pick<MenuRow, 'values'>,
  before: Choices,
  models?: readonly (string | null)[],
): Partial<Choices> | undefined {
  const own: [Dimension, string | null] | undefined = values.at(-1);
  if (own === undefined) return undefined;
  const left = own[0] === 'model' && models !== undefined ? models : [own[1]];
  const terms = left.flatMap((value) => exactTerm(own[0], value, true) ?? []);
  if (terms.length === 0) return undefined;
  const fresh = terms.filter((term) => !before.search.includes(term));
  return { search: [before.search, ...fresh].join(' ').trim() };
}
