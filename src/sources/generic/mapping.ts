import type { MappedField as MappedName } from '../../usage/fieldLists.ts';
import { FIELDS } from '../../usage/fields.ts';

/** Which of an entry's names holds which of our fields: `input_tokens` -> `prompt_tokens`. */
export type Mapping = Readonly<Partial<Record<MappedField, string>>>;

/** The fields that a mapping can name; `id` is short for `usage_id`. */
export type MappedField = Exclude<MappedName, 'usage_id'> | 'id';

const MAPPED = FIELDS.flatMap((row) => {
  if (!('otherNames' in row)) return [];
  const { name, rule, otherNames } = row;
  return [{ field: name === 'usage_id' ? ('id' as const) : name, rule, otherNames }];
});

export const MAPPED_FIELDS: readonly MappedField[] = MAPPED.map(({ field }) => field);

/** Those of an optional text. */
export const MAPPED_LABELS: readonly MappedField[] = MAPPED.flatMap(({ field, rule }) =>
  rule === 'label' || rule === 'charge' ? [field] : [],
);

/** What others call our fields; the first one that an entry has counts. */
export const USUAL_NAMES: ReadonlyMap<MappedField, readonly string[]> = new Map(
  MAPPED.map(({ field, otherNames }) => [field, otherNames]),
);
