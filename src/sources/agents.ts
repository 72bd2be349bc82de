import { amp } from './amp/index.ts';
import { claudeCode } from './claude-code/index.ts';
import { clineCli } from './cline-cli/index.ts';
import { cline, kiloCode, rooCode, zooCode } from './cline/index.ts';
import { codebuff } from './codebuff/index.ts';
import { codex } from './codex/index.ts';
import { copilotChat } from './copilot-chat/index.ts';
import { copilotCli } from './copilot-cli/index.ts';
import { crush } from './crush/index.ts';
import { cursor } from './cursor/index.ts';
import { devin } from './devin/index.ts';
import { droid } from './droid/index.ts';
import { geminiCli } from './gemini-cli/index.ts';
import { goose } from './goose/index.ts';
import { grok } from './grok/index.ts';
import { hermes } from './hermes/index.ts';
import { kimiCli } from './kimi/cli.ts';
import { kimiCode } from './kimi/code.ts';
import { kiro } from './kiro/index.ts';
import { mux } from './mux/index.ts';
import { openClaude } from './openclaude/index.ts';
import { openCode } from './opencode/index.ts';
import { kiloCli } from './opencode/kilo.ts';
import { omp, openClaw, pi } from './pi/index.ts';
import { qwenCode } from './qwen-code/index.ts';
import type { Source } from './source.ts';
import { vibe } from './vibe/index.ts';
import { zcode } from './zcode/index.ts';
import { zed } from './zed/index.ts';

/** Tools whose logs are found in their default folders. New sources are added here. */
export const AGENTS: readonly Source[] = [
  claudeCode,
  codex,
  geminiCli,
  openCode,
  copilotCli,
  copilotChat,
  cline,
  rooCode,
  kiloCode,
  zooCode,
  clineCli,
  kiloCli,
  qwenCode,
  kimiCli,
  kimiCode,
  amp,
  pi,
  omp,
  openClaw,
  droid,
  goose,
  crush,
  hermes,
  zed,
  vibe,
  grok,
  mux,
  zcode,
  codebuff,
  openClaude,
  devin,
  cursor,
  kiro,
];

export function agentOf(id: string): Source | undefined {
  return AGENTS.find((source) => source.id === id);
}
