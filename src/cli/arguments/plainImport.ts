import type { ImportFlags } from '../commands/import.ts';

export interface PlainImport {
  sources: string[];
  flags: ImportFlags;
}

/**
 * Parses the arguments of an `import` as an editor or a timer calls it, without commander. As for a one-shot `record`, only
 * unambiguous arguments are parsed; undefined means that commander takes over.
 */
export function plainImport(argv: readonly string[]): PlainImport | undefined {
  if (argv[0] !== 'import') return undefined;
  const sources: string[] = [];
  const flags: ImportFlags = {};
  for (let i = 1; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--json') flags.json = true;
    else if (arg === '--progress') flags.progress = true;
    else if (arg === '--dry-run') flags.dryRun = true;
    else if (arg === '--ledger') {
      const value = argv[++i];
      if (value === undefined || value.startsWith('-')) return undefined;
      flags.ledger = value;
    } else if (arg.startsWith('-')) return undefined;
    else sources.push(arg);
  }
  return sources.length === 0 ? undefined : { sources, flags };
}
