import { claudeCode } from './claude-code/index.ts';
import { codex } from './codex/index.ts';
import { copilotChat } from './copilot-chat/index.ts';
import { copilotCli } from './copilot-cli/index.ts';
import { geminiCli } from './gemini-cli/index.ts';
import { openCode } from './opencode/index.ts';
import type { Source } from './source.ts';

/** Tools whose logs are found in their default folders. New sources are added here. */
export const AGENTS: readonly Source[] = [claudeCode, codex, geminiCli, openCode, copilotCli, copilotChat];

export function agentOf(id: string): Source | undefined {
  return AGENTS.find((source) => source.id === id);
}
