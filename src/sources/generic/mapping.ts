import type { MappedField as MappedName } from '../../usage/fieldLists.ts';
import { FIELDS } from '../../usage/fields.ts';

/** The name that an entry uses for each of our fields: `input_tokens` -> `prompt_tokens`. */
export type Mapping = Readonly<Partial<Record<MappedField, string>>>;

/** The fields that can be mapped; `id` is short for `usage_id`. */
export type MappedField = Exclude<MappedName, 'usage_id'> | 'id';

const MAPPED = FIELDS.flatMap((row) => {
  if (!('otherNames' in row)) return [];
  const { name, rule, otherNames } = row;
  return [{ field: name === 'usage_id' ? ('id' as const) : name, rule, otherNames }];
});

export const MAPPED_FIELDS: readonly MappedField[] = MAPPED.map(({ field }) => field);

/** Mappable fields that contain an optional text. */
export const MAPPED_LABELS: readonly MappedField[] = MAPPED.flatMap(({ field, rule }) =>
  rule === 'label' || rule === 'charge' ? [field] : [],
);

/** Other programs' names for our fields; the first one that an entry has is used. */
export const USUAL_NAMES: ReadonlyMap<MappedField, readonly string[]> = new Map(
  MAPPED.map(({ field, otherNames }) => [field, otherNames]),
);
