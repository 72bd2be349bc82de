import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { localData, roamingData } from './reading/places.ts';
import type { SourceEnvironment } from './source.ts';

/** Tools that leave no token counts on disk, with another way to get their usage. */
export const WITHOUT_TOKENS: Readonly<Record<string, { title: string; instead: string }>> = {
  windsurf: {
    title: 'Windsurf',
    instead: 'The plan page at windsurf.com shows its usage. Record it with llm-spend record, or import a CSV file.',
  },
  'amazon-q': {
    title: 'Amazon Q',
    instead: 'The AWS console shows its usage. For its successor Kiro, run llm-spend import kiro.',
  },
  warp: { title: 'Warp', instead: 'Warp shows its usage in the settings, under Billing and usage.' },
  antigravity: { title: 'Antigravity', instead: 'Its files contain no token counts that can be read.' },
  'cursor-agent': {
    title: 'Cursor agent',
    instead: 'Export the CSV of the dashboard (cursor.com, Usage) and import the file.',
  },
};

/** Folders that a tool makes when it is used, for each of {@link WITHOUT_TOKENS}. */
function foldersOf(environment: SourceEnvironment): Readonly<Record<string, readonly string[]>> {
  const { env, home } = environment;
  const state = env['XDG_STATE_HOME'] || join(home, '.local', 'state');
  return {
    windsurf: [join(home, '.codeium', 'windsurf'), join(roamingData(environment), 'Windsurf')],
    'amazon-q': [join(localData(environment), 'amazon-q')],
    warp: [join(home, '.warp'), join(state, 'warp-terminal'), join(localData(environment), 'warp')],
    antigravity: [join(home, '.gemini', 'antigravity'), join(home, '.antigravity')],
    'cursor-agent': [join(home, '.cursor', 'chats'), join(localData(environment), 'cursor-agent')],
  };
}

/** Those that were used on this machine. */
export function usedWithoutTokens(environment: SourceEnvironment): { title: string; instead: string }[] {
  const folders = foldersOf(environment);
  return Object.entries(WITHOUT_TOKENS).flatMap(([id, tool]) =>
    folders[id]?.some((folder) => existsSync(folder)) === true ? [tool] : [],
  );
}
