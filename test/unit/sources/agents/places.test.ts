import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentOf, AGENTS } from '../../../../src/sources/agents.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { World } from '../world.ts';

/** Where each agent leaves its logs, by system and by variable, and which files there are logs. */

type Env = Readonly<Record<string, string>>;
const located = (id: string, env: Env = {}, platform: NodeJS.Platform = 'linux', home = '/h'): string[] =>
  agentOf(id)!.locate({ platform, env, home });

/** On Linux without variables, below the home folder. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  'claude-code': ['.config/claude/projects', '.claude/projects'],
  codex: ['.codex/sessions', '.codex/archived_sessions'],
  'gemini-cli': ['.gemini/tmp'],
  opencode: ['.local/share/opencode'],
  'copilot-cli': ['.copilot/otel', '.copilot/session-store.db'],
  'cline-cli': ['.cline/data/sessions'],
  'kilo-cli': ['.local/share/kilo'],
  'qwen-code': ['.qwen/projects'],
  'kimi-cli': ['.kimi/sessions'],
  'kimi-code': ['.kimi-code/sessions'],
  amp: ['.local/share/amp/threads'],
  pi: ['.pi/agent/sessions'],
  omp: ['.omp/agent/sessions'],
  openclaw: ['.openclaw', '.clawdbot', '.moltbot', '.moldbot'],
  droid: ['.factory/sessions'],
  goose: ['.local/share/goose/sessions/sessions.db', '.local/share/Block/goose/sessions/sessions.db'],
  crush: ['.local/share/crush/projects.json'],
  hermes: ['.hermes/state.db', '.hermes/profiles'],
  zed: ['.local/share/zed/threads/threads.db'],
  'mistral-vibe': ['.vibe/logs/session'],
  'grok-build': ['.grok/sessions'],
  mux: ['.mux/sessions'],
  zcode: ['.zcode/cli/db/db.sqlite'],
  codebuff: ['.config/manicode/projects', '.config/manicode-dev/projects', '.config/manicode-staging/projects'],
  openclaude: ['.openclaude/projects'],
  devin: ['.local/share/devin/cli/transcripts'],
  cursor: ['.cursor/usage-exports'],
  kiro: ['.kiro/sessions'],
};

/** The folders `User` of the editors in a settings folder, and of their servers in the home folder. */
const DESKTOP = ['Code', 'Code - Insiders', 'VSCodium', 'Cursor', 'Windsurf', 'Positron'];
const SERVERS = ['.vscode-server', '.vscode-server-insiders', '.cursor-server', '.windsurf-server', '.vscodium-server'];
const editors = (settings: string): string[] => [
  ...DESKTOP.map((name) => `${settings}/${name}/User`),
  ...SERVERS.map((name) => `/h/${name}/data/User`),
];
const EXTENSIONS = {
  cline: 'saoudrizwan.claude-dev',
  'roo-code': 'rooveterinaryinc.roo-cline',
  'kilo-code': 'kilocode.kilo-code',
  'zoo-code': 'zoocodeorganization.zoo-code',
};

describe.skipIf(process.platform === 'win32')('places', () => {
  it('are known for each agent', () => {
    expect([...Object.keys(USUAL), ...Object.keys(EXTENSIONS), 'copilot-chat'].sort()).toEqual(
      AGENTS.map(({ id }) => id).sort(),
    );
  });

  it.each(Object.entries(USUAL))('of %s by default, and in an empty variable', (id, places) => {
    expect(located(id)).toEqual(places.map((place) => `/h/${place}`));
    expect(located(id, { AMP_DATA_DIR: '', KIRO_HOME: ' , ', CLAUDE_CONFIG_DIR: ',', CODEX_HOME: ' ' })).toEqual(
      located(id),
    );
  });

  it.each<[string, NodeJS.Platform, Env, string[]]>([
    [
      'kimi-code',
      'darwin',
      {},
      [
        '/h/.kimi-code/sessions',
        '/h/Library/Application Support/kimi-desktop/daimon-share/daimon/runtime/kimi-code/home/sessions',
      ],
    ],
    ['kimi-code', 'win32', {}, ['/h/.kimi-code/sessions']],
    ['kimi-code', 'darwin', { KIMI_CODE_HOME: '/k' }, ['/k/sessions']],
    [
      'goose',
      'darwin',
      {},
      [
        '/h/.local/share/goose/sessions/sessions.db',
        '/h/.local/share/Block/goose/sessions/sessions.db',
        '/h/Library/Application Support/goose/sessions/sessions.db',
        '/h/Library/Application Support/Block/goose/sessions/sessions.db',
      ],
    ],
    [
      'goose',
      'win32',
      { APPDATA: '/r' },
      [
        '/r/Block/goose/data/sessions/sessions.db',
        '/r/Block/goose/sessions/sessions.db',
        '/h/.local/share/goose/sessions/sessions.db',
      ],
    ],
    [
      'goose',
      'win32',
      {},
      [
        '/h/AppData/Roaming/Block/goose/data/sessions/sessions.db',
        '/h/AppData/Roaming/Block/goose/sessions/sessions.db',
        '/h/.local/share/goose/sessions/sessions.db',
      ],
    ],
    ['goose', 'linux', { GOOSE_PATH_ROOT: '/g' }, ['/g/data/sessions/sessions.db']],
    ['zed', 'darwin', {}, ['/h/Library/Application Support/Zed/threads/threads.db']],
    ['zed', 'win32', { LOCALAPPDATA: '/l' }, ['/l/Zed/threads/threads.db']],
    ['zed', 'win32', {}, ['/h/AppData/Local/Zed/threads/threads.db']],
    ['crush', 'win32', { LOCALAPPDATA: '/l' }, ['/l/crush/projects.json']],
    ['crush', 'win32', {}, ['/h/AppData/Local/crush/projects.json']],
    ['crush', 'darwin', {}, ['/h/.local/share/crush/projects.json']],
    ['crush', 'linux', { CRUSH_GLOBAL_DATA: '/c' }, ['/c/projects.json']],
  ])('of %s on %s with %j', (id, platform, env, places) => {
    expect(located(id, env, platform)).toEqual(places);
  });

  it.each<[string, Env, string[]]>([
    ['claude-code', { XDG_CONFIG_HOME: '/x' }, ['/x/claude/projects', '/h/.claude/projects']],
    [
      'claude-code',
      { CLAUDE_CONFIG_DIR: '~, ~/a,/b/projects/,/c/projects2' },
      ['/h/projects', '/h/a/projects', '/b/projects/', '/c/projects2/projects'],
    ],
    ['codex', { CODEX_HOME: '/x' }, ['/x/sessions', '/x/archived_sessions']],
    ['opencode', { XDG_DATA_HOME: '/x' }, ['/x/opencode']],
    ['opencode', { OPENCODE_DATA_DIR: '/o', XDG_DATA_HOME: '/x' }, ['/o']],
    ['copilot-cli', { COPILOT_HOME: '/c' }, ['/c/otel', '/c/session-store.db']],
    [
      'copilot-cli',
      { COPILOT_OTEL_FILE_EXPORTER_PATH: '/o.jsonl' },
      ['/h/.copilot/otel', '/o.jsonl', '/h/.copilot/session-store.db'],
    ],
    ['copilot-cli', { COPILOT_OTEL_FILE_EXPORTER_PATH: '' }, ['/h/.copilot/otel', '/h/.copilot/session-store.db']],
    ['cline-cli', { CLINE_SESSION_DATA_DIR: '/s', CLINE_DATA_DIR: '/d', CLINE_DIR: '/c' }, ['/s']],
    ['cline-cli', { CLINE_DATA_DIR: '/d', CLINE_DIR: '/c' }, ['/d/sessions']],
    ['cline-cli', { CLINE_DIR: '/c' }, ['/c/data/sessions']],
    ['kilo-cli', { KILO_DATA_DIR: '/k' }, ['/k']],
    ['kilo-cli', { XDG_DATA_HOME: '/x' }, ['/x/kilo']],
    ['qwen-code', { QWEN_DATA_DIR: '/q,~/r' }, ['/q/projects', '/h/r/projects']],
    ['kimi-cli', { KIMI_DATA_DIR: '/k', KIMI_SHARE_DIR: '/s' }, ['/k/sessions', '/s/sessions']],
    ['amp', { AMP_DATA_DIR: '~' }, ['/h/threads']],
    ['amp', { XDG_DATA_HOME: '/x' }, ['/x/amp/threads']],
    ['amp', { AMP_DATA_DIR: '~me/a' }, ['~me/a/threads']],
    ['pi', { PI_AGENT_DIR: '/p' }, ['/p/sessions']],
    [
      'pi',
      { PI_AGENT_DIR: '/p/sessions,/q/sessions/,/r/sessions/old' },
      ['/p/sessions', '/q/sessions/', '/r/sessions/old/sessions'],
    ],
    ['openclaw', { OPENCLAW_DIR: '/o' }, ['/o']],
    ['droid', { DROID_SESSIONS_DIR: '/s', FACTORY_DIR: '/f' }, ['/s']],
    ['droid', { FACTORY_DIR: '/f' }, ['/f/sessions']],
    ['hermes', { HERMES_HOME: '/e' }, ['/e/state.db', '/e/profiles']],
    ['mistral-vibe', { VIBE_HOME: '/v' }, ['/v/logs/session']],
    ['grok-build', { GROK_HOME: '/g' }, ['/g/sessions']],
    ['mux', { MUX_ROOT: '/m' }, ['/m/sessions']],
    ['zcode', { ZCODE_HOME: '/z' }, ['/z/cli/db/db.sqlite']],
    ['codebuff', { CODEBUFF_DATA_DIR: '/c' }, ['/c/projects']],
    ['devin', { XDG_DATA_HOME: '/x' }, ['/x/devin/cli/transcripts']],
    ['kiro', { KIRO_HOME: '/k' }, ['/k/sessions']],
  ])('of %s with %j', (id, env, places) => {
    expect(located(id, env)).toEqual(places);
  });

  it.each(Object.entries(EXTENSIONS))('of %s in each editor and its server', (id, folder) => {
    const tasks = (settings: string): string[] => [
      ...editors(settings).map((user) => `${user}/globalStorage/${folder}/tasks`),
      ...(id === 'cline' ? ['/h/.cline/data/tasks'] : []),
    ];
    expect(located(id)).toEqual(tasks('/h/.config'));
    expect(located(id, { XDG_CONFIG_HOME: '/x' })).toEqual(tasks('/x'));
    expect(located(id, {}, 'darwin')).toEqual(tasks('/h/Library/Application Support'));
    expect(located(id, { APPDATA: '/r' }, 'win32')).toEqual(tasks('/r'));
    expect(located(id, {}, 'win32')).toEqual(tasks('/h/AppData/Roaming'));
  });
});

describe("VS Code's chats", () => {
  let world: World;
  beforeEach(() => (world = new World()));
  afterEach(() => world.dispose());

  it('are looked for in VS Code and its builds, and in the folders of their workspaces alone', () => {
    const chat = agentOf('copilot-chat')!;
    const storage = (editor: string): string => join(world.home, '.config', editor, 'User', 'workspaceStorage');
    for (const editor of ['Code', 'VSCodium', 'Cursor', 'Windsurf', 'Positron']) {
      mkdirSync(join(storage(editor), 'one', 'chatSessions'), { recursive: true });
      mkdirSync(join(storage(editor), 'two', 'other.extension'), { recursive: true });
    }
    const places = chat.locate({ platform: 'linux', env: {}, home: world.home });
    const users = [
      ...['Code', 'Code - Insiders', 'VSCodium'].map((name) => join(world.home, '.config', name, 'User')),
      ...['.vscode-server', '.vscode-server-insiders'].map((name) => join(world.home, name, 'data', 'User')),
    ];
    expect(places).toEqual(
      users.flatMap((user) => [
        join(user, 'globalStorage', 'github.copilot-chat', 'agent-traces.db'),
        join(user, 'globalStorage', 'emptyWindowChatSessions'),
        ...(/Code.User|VSCodium/.test(user) ? [join(user, 'workspaceStorage', 'one', 'chatSessions')] : []),
      ]),
    );
  });
});

/** Paths below a place: those that are logs, and those that are not. */
const FILES: Readonly<Record<string, { logs: string[]; others: string[] }>> = {
  'claude-code': { logs: ['p/s.jsonl', 'p/s/subagents/a.jsonl'], others: ['p/s.json', 'p/s.jsonl.bak'] },
  codex: { logs: ['2026/11/rollout.jsonl'], others: ['history.json', 'a.jsonl.gz'] },
  'gemini-cli': {
    logs: ['chats/a.json', 'site/chats/a.json', 'site/chats/a.jsonl', 'site/chats/old/a.json'],
    others: ['site/logs.json', 'site/chats/a.jsonlx', 'site/mychats/a.json', 'site/chats/.jsonl/x'],
  },
  opencode: {
    logs: ['opencode.db', 'opencode-dev.db', 'storage/message/s/m.json'],
    others: ['opencode.db-wal', 'xopencode.db', 'storage/part/m.json', 'x/storage/message/m.json', 'kilo.db'],
  },
  'kilo-cli': {
    logs: ['kilo.db', 'kilo-beta.db', 'storage/message/s/m.json'],
    others: ['kilo.db-wal', 'mykilo.db', 'opencode.db', 'old/storage/message/m.json', 'storage/message/m.jsonl'],
  },
  'copilot-cli': { logs: ['session-store.db', 'a.jsonl'], others: ['old/session-store.db', 'a.json'] },
  'copilot-chat': {
    logs: ['agent-traces.db', 's.json', 's.jsonl'],
    others: ['x/s.json', 's.json5', 's.jsonlx', 'state.vscdb', '.json/x'],
  },
  cline: {
    logs: ['t/ui_messages.json'],
    others: ['ui_messages.json', 'a/t/ui_messages.json', 't/ui_messages.json.bak'],
  },
  'cline-cli': { logs: ['s/s.messages.json'], others: ['s/s.json', 's/messages.json'] },
  'qwen-code': {
    logs: ['p/chats/s.jsonl'],
    others: ['chats/s.jsonl', 'p/chats/x/s.jsonl', 'p/chats/s.json', 'p/chats/s.jsonl.bak', 'x/p/chats/s.jsonl'],
  },
  'kimi-cli': {
    logs: ['h/s/wire.jsonl', 'h/s/subagents/a/wire.jsonl'],
    others: ['s/wire.jsonl', 'h/s/subagents/wire.jsonl', 'h/s/wire.jsonl.1', 'h/s/t/wire.jsonl', 'h/s/wireXjsonl'],
  },
  'kimi-code': {
    logs: ['wd_1/s/agents/main/wire.jsonl'],
    others: [
      's/agents/main/wire.jsonl',
      'wd_1/s/wire.jsonl',
      'wd_1/s/agents/a/b/wire.jsonl',
      'wd/s/agents/m/wire.jsonl2',
    ],
  },
  amp: { logs: ['T-1.json', 'a/T-1.json'], others: ['T-1.jsonl', 'T-1.json.bak'] },
  pi: { logs: ['p/s.jsonl'], others: ['p/s.jsonl.reset.1', 'p/s.json'] },
  omp: { logs: ['p/s.jsonl'], others: ['p/s.jsonl.reset.1', 'p/s.json'] },
  openclaw: {
    logs: ['agents/a/sessions/s.jsonl', 'agents/a/sessions/s.jsonl.reset.1', 's.jsonl.deleted.2'],
    others: ['s.jsonl.reset', 's.jsonl.bak', 's.json'],
  },
  droid: { logs: ['p/s.settings.json'], others: ['p/s.jsonl', 'settings.json'] },
  goose: { logs: ['sessions.db'], others: ['sessions.db-wal'] },
  crush: { logs: ['crush.db', 'projects.json'], others: ['a/projects.json', 'crush.db-wal'] },
  hermes: { logs: ['state.db', 'work/state.db'], others: ['mystate.db', 'state.db-wal'] },
  zed: { logs: ['threads.db'], others: ['threads.db-shm'] },
  'mistral-vibe': { logs: ['meta.json', 'a/meta.json'], others: ['a/mymeta.json', 'a/meta.jsonl'] },
  'grok-build': { logs: ['f/s/updates.jsonl', 'updates.jsonl'], others: ['f/s/myupdates.jsonl', 'f/s/updates.jsonl2'] },
  mux: {
    logs: ['w/chat.jsonl', 'w/subagent-transcripts/a/chat.jsonl'],
    others: ['chat.jsonl', 'w/a/chat.jsonl', 'w/subagent-transcripts/chat.jsonl', 'w/chat.jsonl2', 'w/chat-jsonl'],
  },
  zcode: { logs: ['db.sqlite'], others: ['db.sqlite-wal'] },
  codebuff: {
    logs: ['p/chats/c/chat-messages.json'],
    others: [
      'chats/c/chat-messages.json',
      'p/chats/chat-messages.json',
      'q/p/chats/c/chat-messages.json',
      'p/chats/c/chat-messages.json2',
    ],
  },
  openclaude: { logs: ['p/s.jsonl'], others: ['p/s.json'] },
  devin: { logs: ['s.json'], others: ['a/s.json', 's.jsonl'] },
  cursor: { logs: ['a.csv', 'A.CSV'], others: ['a.csv.part', 'a.json'] },
  kiro: {
    logs: ['cli/s.json', 'h/sess_s/messages.jsonl'],
    others: [
      'cli/a/s.json',
      'x/cli/s.json',
      'cli/s.jsonl',
      'h/sess_s/session.json',
      'h/s/messages.jsonl',
      'h/sess_s/messages.jsonl2',
    ],
  },
};

describe.each(Object.entries(FILES))('logs of %s', (id, { logs, others }) => {
  const matching = (source: Source, paths: readonly string[]): string[] => paths.filter((path) => source.matches(path));

  it('are told from other files', () => {
    const source = agentOf(id)!;
    expect(matching(source, logs)).toEqual(logs);
    expect(matching(source, others)).toEqual([]);
  });
});

it('folders of a task are not searched for tasks', () => {
  const enters = AGENTS.filter(({ id }) => id in EXTENSIONS).map((agent) => [
    agent.enters!('t1'),
    agent.enters!('t1/checkpoints'),
  ]);
  expect(enters).toEqual([
    [true, false],
    [true, false],
    [true, false],
    [true, false],
  ]);
});
