import { importUsage } from '../commands/import.ts';
import { finished } from '../output/finished.ts';
import type { PlainImport } from './plainImport.ts';
import { openTerminal } from '../output/terminal.ts';

/**
 * An `import`: a bundle of its own (dist/import.js), without all that one which finds nothing new has no use for. That
 * it takes from the bundle of all commands.
 */
export async function runImport(argv: readonly string[], { sources, flags }: PlainImport): Promise<number> {
  const terminal = openTerminal();
  try {
    return await finished(await importUsage(sources, flags, terminal), terminal);
  } catch (error) {
    const { report } = await import('../output/finish.ts');
    return report(error, argv, terminal);
  }
}
