import type { RecordFlags } from '../commands/record.ts';

/** The flags of a one-shot `record` that take a value. A test holds them against the program's own. */
export const ONE_SHOT_FLAGS: ReadonlyMap<string, keyof RecordFlags> = new Map<string, keyof RecordFlags>([
  ['--ledger', 'ledger'],
  ['--provider', 'provider'],
  ['--model', 'model'],
  ['--operation', 'operation'],
  ['--input-tokens', 'inputTokens'],
  ['--output-tokens', 'outputTokens'],
  ['--cache-read-tokens', 'cacheReadTokens'],
  ['--cache-write-tokens', 'cacheWriteTokens'],
  ['--cache-write-1h-tokens', 'cacheWrite1hTokens'],
  ['--reasoning-tokens', 'reasoningTokens'],
  ['--cost-usd', 'costUsd'],
  ['--timestamp', 'timestamp'],
  ['--id', 'id'],
  ['--project', 'project'],
  ['--tag', 'tag'],
  ['--note', 'note'],
  ['--episode', 'episode'],
  ['--session', 'session'],
  ['--branch', 'branch'],
]);

/**
 * The flags of a plain `record`, read without commander, which takes longer to load than the record to write. Only what
 * can be meant in one way: anything else (help, streams, mistakes) is undefined and commander's to judge.
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
    const name = ONE_SHOT_FLAGS.get(equals === -1 ? arg : arg.slice(0, equals));
    if (name === undefined) return undefined;
    const value = equals === -1 ? argv[++i] : arg.slice(equals + 1);
    if (value === undefined || value.startsWith('-')) return undefined;
    if (name === 'tag') (flags.tag ??= []).push(value);
    else Object.assign(flags, { [name]: value });
  }
  return flags;
}
