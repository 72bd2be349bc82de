import { join } from 'node:path';
import type { PathEnvironment } from '../../system/paths.ts';
import { HOOK_SUFFIX } from '../hookSuffix.ts';

/** The agents that can be connected, and the settings that make each export its calls to the receiver. */

export type Json = null | string | number | boolean | Json[] | { [key: string]: Json };

export interface Setting {
  /** The path of keys, from the top level of the file. */
  path: readonly string[];
  value: Json;
  /** Whether it contains the export destination: a different value is the user's own exporter, which is never overwritten. */
  isExporter?: boolean;
  /** Whether it turns the export on. If it is on and only a part of the exporter is set, the user exports to a default destination. */
  isSwitch?: boolean;
  /** Whether the value is one element of the list at the path, which may hold elements of others. */
  isElement?: boolean;
}

export interface Agent {
  /** The name on the command line. */
  id: string;
  title: string;
  /** Absolute paths of its user settings; the first existing one is used, else the first. */
  files(environment: PathEnvironment): string[];
  format: 'jsonc' | 'toml';
  settings(endpoint: string, token: string): Setting[];
  /** Paths of settings that direct the export to a file: they win over an endpoint. */
  fileExport?: readonly (readonly string[])[];
  /** A sentence with the steps that the user must take after a change. */
  restart: string;
}

/** Values that mean that nothing is exported. */
export const NO_EXPORTER: ReadonlySet<unknown> = new Set([undefined, null, '', 'none']);

function claudeSettings({ env, home }: PathEnvironment): string[] {
  return [join(env['CLAUDE_CONFIG_DIR']?.split(',')[0]?.trim() || join(home, '.claude'), 'settings.json')];
}

function codexFolder({ env, home }: PathEnvironment): string {
  return env['CODEX_HOME']?.trim() || join(home, '.codex');
}

/** Hooks that stop agents at the limit of a budget. They are connected like agents, and export nothing. */
export const HOOKS: readonly Agent[] = [
  {
    id: `claude-code${HOOK_SUFFIX}`,
    title: 'Claude Code: stop at the limit of a budget',
    files: claudeSettings,
    format: 'jsonc',
    settings: () => [
      {
        path: ['hooks', 'PreToolUse'],
        value: { hooks: [{ type: 'command', command: 'llm-spend budget hook claude-code' }] },
        isElement: true,
      },
    ],
    restart: 'Start Claude Code again: running sessions keep their settings.',
  },
  {
    id: `codex${HOOK_SUFFIX}`,
    title: 'Codex: stop at the limit of a budget',
    files: (environment) => [join(codexFolder(environment), 'hooks.json')],
    format: 'jsonc',
    settings: () => [
      {
        path: ['hooks', 'PreToolUse'],
        value: { hooks: [{ type: 'command', command: 'llm-spend budget hook codex' }] },
        isElement: true,
      },
    ],
    restart: 'Start Codex again. It runs hooks only after you trust them there (/hooks).',
  },
];

export const CONNECTABLE: readonly Agent[] = [
  {
    id: 'claude-code',
    title: 'Claude Code',
    files: claudeSettings,
    format: 'jsonc',
    // Only logs, because metrics repeat the same spend.
    settings: (endpoint, token) => [
      { path: ['env', 'CLAUDE_CODE_ENABLE_TELEMETRY'], value: '1', isSwitch: true },
      { path: ['env', 'OTEL_LOGS_EXPORTER'], value: 'otlp', isExporter: true },
      { path: ['env', 'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL'], value: 'http/json' },
      { path: ['env', 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'], value: `${endpoint}/v1/logs`, isExporter: true },
      { path: ['env', 'OTEL_EXPORTER_OTLP_LOGS_HEADERS'], value: `Authorization=Bearer ${token}`, isExporter: true },
    ],
    restart: 'Start Claude Code again: running sessions keep their settings.',
  },
  {
    id: 'codex',
    title: 'Codex',
    files: (environment) => [join(codexFolder(environment), 'config.toml')],
    format: 'toml',
    settings: (endpoint, token) => [
      {
        path: ['otel', 'exporter'],
        value: {
          'otlp-http': {
            endpoint: `${endpoint}/v1/logs`,
            protocol: 'json',
            headers: { Authorization: `Bearer ${token}` },
          },
        },
        isExporter: true,
      },
      { path: ['otel', 'log_user_prompt'], value: false },
    ],
    restart: 'Start Codex again: running sessions keep their settings.',
  },
  ...[
    { id: 'gemini-cli', title: 'Gemini CLI', folder: '.gemini' },
    { id: 'qwen', title: 'Qwen Code', folder: '.qwen' },
  ].map(({ id, title, folder }): Agent => ({
    id,
    title,
    files: ({ home }) => [join(home, folder, 'settings.json')],
    format: 'jsonc',
    // It has no setting for headers, so the token is part of the address.
    settings: (endpoint, token) => [
      { path: ['telemetry', 'enabled'], value: true, isSwitch: true },
      { path: ['telemetry', 'target'], value: 'local', isExporter: true },
      { path: ['telemetry', 'otlpEndpoint'], value: `${endpoint}/${token}/`, isExporter: true },
      { path: ['telemetry', 'otlpProtocol'], value: 'http' },
      { path: ['telemetry', 'logPrompts'], value: false },
    ],
    fileExport: [['telemetry', 'outfile']],
    restart: `Start ${title} again: running sessions keep their settings.`,
  })),
  {
    id: 'copilot',
    title: 'Copilot Chat',
    files: editorSettings,
    format: 'jsonc',
    settings: (endpoint, token) => [
      { path: ['github.copilot.chat.otel.enabled'], value: true, isSwitch: true },
      { path: ['github.copilot.chat.otel.exporterType'], value: 'otlp-http', isExporter: true },
      { path: ['github.copilot.chat.otel.otlpEndpoint'], value: endpoint, isExporter: true },
      { path: ['github.copilot.chat.otel.headers'], value: { Authorization: `Bearer ${token}` }, isExporter: true },
      { path: ['github.copilot.chat.otel.captureContent'], value: false },
    ],
    fileExport: [['github.copilot.chat.otel.outfile']],
    restart: 'Reload the editor window (Developer: Reload Window).',
  },
];

/** The user settings of VS Code and its variants. */
function editorSettings({ platform, env, home }: PathEnvironment): string[] {
  const base =
    platform === 'win32'
      ? (env['APPDATA'] ?? join(home, 'AppData', 'Roaming'))
      : platform === 'darwin'
        ? join(home, 'Library', 'Application Support')
        : (env['XDG_CONFIG_HOME'] ?? join(home, '.config'));
  return ['Code', 'Code - Insiders', 'VSCodium'].map((name) => join(base, name, 'User', 'settings.json'));
}
