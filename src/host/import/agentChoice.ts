import { statSync } from 'node:fs';
import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import type { SettingKey } from '../../contributions.ts';
import type { Source } from '../../sources/source.ts';
import { errno } from '../../system/errno.ts';
import { ownEnvironment } from '../../system/paths.ts';

/** Reads and saves the user's choice of agents in the settings. */

/** The settings of agents with a separate one; the others are listed in {@link SETTINGS.importFurther}. */
const AGENT_SETTINGS: Readonly<Partial<Record<string, SettingKey>>> = {
  'claude-code': SETTINGS.importClaudeCode,
  codex: SETTINGS.importCodex,
  'gemini-cli': SETTINGS.importGeminiCli,
  opencode: SETTINGS.importOpenCode,
  'copilot-cli': SETTINGS.importCopilotCli,
  'copilot-chat': SETTINGS.importCopilotChat,
};

/** The settings that select the agents to read. */
export const CHOICE_SETTINGS: readonly SettingKey[] = [
  SETTINGS.importFurther,
  ...Object.values(AGENT_SETTINGS).filter((key) => key !== undefined),
];

/** Saves the user's choice. An agent that was not found is not turned off: its logs are read once they exist. */
export async function chooseAgents(
  choices: readonly { source: Source; isFound: boolean; isChosen: boolean }[],
): Promise<void> {
  const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  const global = vscode.ConfigurationTarget.Global;
  const before = furtherAgents();
  const further = new Set(before);
  for (const { source, isFound, isChosen } of choices) {
    if (isWanted(source) === isChosen || !(isChosen || isFound)) continue;
    const key = AGENT_SETTINGS[source.id];
    if (key !== undefined) await section.update(key, isChosen, global);
    else if (isChosen) further.add(source.id);
    else further.delete(source.id);
  }
  if ([...further].join() !== before.join()) await section.update(SETTINGS.importFurther, [...further], global);
}

/** Agents supported since a later version are read only after the user has agreed to each. */
export function isWanted({ id }: Source): boolean {
  const key = AGENT_SETTINGS[id];
  if (key === undefined) return furtherAgents().includes(id);
  return vscode.workspace.getConfiguration(SETTINGS_SECTION).get(key) !== false;
}

/** Whether an agent has no separate setting. */
export function isFurther({ id }: Source): boolean {
  return AGENT_SETTINGS[id] === undefined;
}

function furtherAgents(): readonly string[] {
  const listed = vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.importFurther);
  return Array.isArray(listed) ? listed.filter((id) => typeof id === 'string') : [];
}

/** The existing places of a source, those that cannot be looked at included: the import says why. */
export function existing(source: Source): string[] {
  const environment = ownEnvironment();
  return source.locate(environment).filter(isThere);
}

function isThere(place: string): boolean {
  try {
    return statSync(place, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR';
  }
}
