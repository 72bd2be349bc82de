import { flagName, RECORD_OPTIONS, valueName, type RecordFlags } from './recordFlags.ts';

const VALUES: ReadonlyMap<string, string> = new Map(
  ['--ledger', ...RECORD_OPTIONS.map(flagName)].map((flag) => [flag, valueName(flag)]),
);

/**
 * The flags of a plain `record`, read without commander, which takes longer to load than the record to write. Only what
 * can be meant in one way is read here. Anything else (help, streams, mistakes) returns undefined and is left to commander.
 */
export function oneShot(argv: readonly string[]): RecordFlags | undefined {
  if (argv[0] !== 'record') return undefined;
  const flags: RecordFlags = {};
  for (let i = 1; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--json') {
      flags.json = true;
      continue;
    }
    const equals = arg.indexOf('=');
    const name = VALUES.get(equals === -1 ? arg : arg.slice(0, equals));
    if (name === undefined) return undefined;
    const value = equals === -1 ? argv[++i] : arg.slice(equals + 1);
    if (value === undefined || value.startsWith('-')) return undefined;
    if (name === 'tag') (flags.tag ??= []).push(value);
    else Object.assign(flags, { [name]: value });
  }
  return flags;
}
