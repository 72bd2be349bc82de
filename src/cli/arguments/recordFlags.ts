import type { OptionSpec } from '../command.ts';
import type { RuleName } from '../../usage/fieldRow.ts';
import type { FieldName, FlagRow } from '../../usage/fieldLists.ts';
import { FIELDS } from '../../usage/fields.ts';
import type { LedgerFlag } from './ledgerPath.ts';

/** The options of `record`, derived from the field table, each with the record field that it fills. */

type CamelCase<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Text;

/** The values of these options, under commander's camel-case names. */
type FieldFlags = {
  [Row in FlagRow as CamelCase<Row['flag']['name']>]?: Row['rule'] extends 'tags' ? string[] : string;
};

export interface RecordFlags extends LedgerFlag, FieldFlags {
  json?: boolean;
  stdin?: boolean;
  response?: string;
}

export interface RecordOption extends OptionSpec {
  field: FieldName;
  rule: RuleName;
}

export const RECORD_OPTIONS: readonly RecordOption[] = FIELDS.flatMap((row) => {
  if (!('flag' in row)) return [];
  const { name: field, rule, flag } = row;
  return [{ flags: `--${flag.name} ${flag.value}`, field, rule, help: flag.help, repeatable: rule === 'tags' }];
});

/** `--cache-read-tokens <n>` → `--cache-read-tokens`. */
export const flagName = ({ flags }: OptionSpec): string => flags.replace(/ .*/, '');

/** `--cache-read-tokens` → `cacheReadTokens`, as commander names the value. */
export const valueName = (flag: string): string =>
  flag.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The value given for an option; undefined if none was given. */
export function valueOf(flags: RecordFlags, option: RecordOption): string | string[] | undefined {
  return flags[valueName(flagName(option)) as keyof FieldFlags];
}

/** The flag for a field of the record; undefined if there is none. */
export function flagOfField(field: string): string | undefined {
  const option = RECORD_OPTIONS.find((each) => each.field === field);
  return option && flagName(option);
}
