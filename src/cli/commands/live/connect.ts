import type { CommandSpec } from '../../command.ts';
import {
  applyChange,
  backupPath,
  changedLines,
  CONNECTABLE,
  connectable,
  connection,
  disconnection,
  HOOKS,
  liveSettings,
  type SettingsChange,
} from '../../../live/index.ts';
import { shown } from '../../arguments/arguments.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, writeJson } from '../../output/json.ts';
import type { Terminal } from '../../output/terminal.ts';
import { t } from '../../language/text.ts';

export interface ConnectFlags {
  dryRun?: boolean;
  json?: boolean;
}

export const AGENT_NAMES = [...CONNECTABLE, ...HOOKS].map(({ id }) => id).join(', ');

/** `llm-spend connect` and `disconnect`: change the settings of an agent, or show the change. */
export async function changeSettings(
  command: 'connect' | 'disconnect',
  name: string,
  flags: ConnectFlags,
  terminal: Terminal,
): Promise<number> {
  const agent = connectable(name);
  if (agent === undefined) throw usageError(t`${command}: ${shown(name)} is no agent. Agents: ${AGENT_NAMES}.`);
  try {
    const change = await (command === 'connect' ? connection(agent) : disconnection(agent));
    if (flags.dryRun !== true) await applyChange(change);
    const { token } = await liveSettings();
    const run = { command, change, dryRun: flags.dryRun === true, lines: changedLines(change, token) };
    if (flags.json === true) await writeJson(terminal.out, reportJson(run));
    else await terminal.out.line(reportText(run));
    return EXIT.done;
  } catch (error) {
    if (error instanceof Error && error.name === 'SettingsError') throw new CliError('settings', error.message);
    throw error;
  }
}

interface Run {
  command: 'connect' | 'disconnect';
  change: SettingsChange;
  dryRun: boolean;
  lines: readonly string[];
}

function reportJson({ command, change, dryRun, lines }: Run): object {
  const { agent, file, endpoint, before, after } = change;
  return envelope(command, {
    agent: agent.id,
    file,
    dry_run: dryRun,
    changed: before !== after,
    endpoint: endpoint ?? null,
    changes: lines,
  });
}

function reportText({ command, change, dryRun, lines }: Run): string {
  const { agent, file, before, after } = change;
  if (before === after) {
    return command === 'connect' ? t`${agent.title} is connected already.` : t`Nothing of ours is left in ${file}.`;
  }
  const verb = dryRun ? t`Would change` : t`Changed`;
  const text = [`${verb} ${file}:`, ...lines.map((line) => `  ${line}`)];
  if (dryRun) return [...text, t`Nothing was written.`].join('\n');
  if (before !== undefined) text.push(t`The file as it was: ${backupPath(file)}`);
  text.push(agent.restart);
  if (command === 'connect' && !HOOKS.includes(agent))
    text.push(t`Calls are recorded while an editor with LLM Spend is open, or llm-spend receive runs.`);
  return text.join('\n');
}

const AGENT_ARGUMENT = { name: '<agent>', help: AGENT_NAMES };
const DRY_RUN = { flags: '--dry-run', help: 'show the change of the settings, and write nothing' };

export const command: CommandSpec<ConnectFlags> = {
  summary: 'make an agent export its calls to llm-spend receive and the editor',
  arguments: [AGENT_ARGUMENT],
  options: [DRY_RUN],
  examples: [
    'llm-spend connect claude-code --dry-run',
    'llm-spend connect codex',
    'llm-spend connect claude-code-budgets',
  ],
  notes: t`Changes the user settings of the agent, and keeps a copy of the old file beside it. Prompts and answers are never exported.\nAn exporter that you have set up yourself is not changed. claude-code-budgets and codex-budgets are hooks that stop it at the limit of a budget.`,
  run: ({ flags, words: [name], terminal }) => changeSettings('connect', String(name), flags, terminal),
};

export const disconnectCommand: CommandSpec<ConnectFlags> = {
  summary: 'undo what connect changed',
  arguments: [AGENT_ARGUMENT],
  options: [DRY_RUN],
  examples: ['llm-spend disconnect claude-code'],
  run: ({ flags, words: [name], terminal }) => changeSettings('disconnect', String(name), flags, terminal),
};
