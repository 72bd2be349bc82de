import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { warn, type Terminal } from '../../output/terminal.ts';
import { t } from '../../language/text.ts';

/** Agents that do not take their exporter from the environment alone. */

export interface WiredCommand {
  command: readonly string[];
  /** Removes temporary files. Never fails. */
  dispose(): Promise<void>;
}

/**
 * The settings of Claude Code win over its environment, and a connected one has an exporter there; settings that are passed as an
 * argument win over both. Codex has no variables for its exporter.
 */
export async function wiredCommand(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  terminal: Terminal,
): Promise<WiredCommand> {
  const unchanged = { command, dispose: async () => undefined };
  const [program = '', ...rest] = command;
  const name = basename(program).replace(/\.(exe|cmd|bat)$/i, '');
  if (name === 'codex') {
    await warn(terminal, t`Codex takes its exporter only from its settings, so this run cannot count its calls.`);
  }
  if (name !== 'claude' || Object.keys(environment).length === 0) return unchanged;
  if (rest.some((word) => word === '--settings' || word.startsWith('--settings='))) return unchanged;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'llm-spend-run-'));
    const file = join(folder, 'settings.json');
    // In a file, because other users of the machine can read the arguments of a process, and it contains the token.
    await writeFile(file, JSON.stringify({ env: environment }), { mode: 0o600 });
    return {
      command: [program, '--settings', file, ...rest],
      dispose: () => rm(folder, { recursive: true, force: true }).catch(() => undefined),
    };
  } catch (error) {
    await warn(terminal, t`The settings of Claude Code were not overridden: ${(error as Error).message}`);
    return unchanged;
  }
}
