/**
 * The value of a name in a table of ours; undefined for any other name. Names from outside may be `constructor`, which every
 * object inherits.
 */
export function ownValue<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
