import { flagName, RECORD_OPTIONS, valueName, type RecordFlags } from './recordFlags.ts';

const VALUES: ReadonlyMap<string, string> = new Map(
  ['--ledger', ...RECORD_OPTIONS.map(flagName)].map((flag) => [flag, valueName(flag)]),
);

/**
 * Parses the flags of a plain `record` without commander, whose loading takes longer than writing the record. Only unambiguous
 * arguments are parsed here; for anything else (help, streams, mistakes) it returns undefined and commander takes over.
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
