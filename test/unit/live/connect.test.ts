import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONNECTABLE } from '../../../src/live/connect/agents.ts';
import {
  applyChange,
  backupPath,
  changedLines,
  connectable,
  connection,
  disconnection,
  type ConnectOptions,
} from '../../../src/live/connect/connect.ts';
import { liveSettings, readLiveSettings } from '../../../src/live/settings.ts';
import type { PathEnvironment } from '../../../src/system/paths.ts';

let home: string;
let environment: PathEnvironment;
let options: ConnectOptions & { settingsPath: string; environment: PathEnvironment };
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'llm-spend-connect-'));
  environment = { platform: 'linux', env: {}, home };
  options = { settingsPath: path.join(home, '.config', 'llm-spend', 'live.json'), environment };
});
afterEach(() => rmSync(home, { recursive: true }));

function fileOf(id: string): string {
  return connectable(id)!.files(environment)[0]!;
}

function write(id: string, text: string): string {
  const file = fileOf(id);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const read = (id: string): string => readFileSync(fileOf(id), 'utf8');
const connect = async (id: string): Promise<void> => applyChange(await connection(connectable(id)!, options), options);
const disconnect = async (id: string): Promise<void> =>
  applyChange(await disconnection(connectable(id)!, options), options);

const TOML =
  '# mine\nmodel = "gpt-5" # best\n\n[otel]\n# my environment\nenvironment = "dev"\n\n[profiles.x]\nmodel = "o3"\n';
const JSONC = '{\n\t// mine\n\t"model": "opus",\n\t"env": {\n\t\t"FOO": "1" // keep\n\t}\n}\n';

describe.each(CONNECTABLE.map(({ id, format }) => [id, format] as const))('%s', (id, format) => {
  test('comments, order and every other byte stay, and disconnecting gives the old text', async () => {
    const text = format === 'toml' ? TOML : JSONC;
    write(id, text);
    await connect(id);
    const connected = read(id);
    for (const line of text.split('\n')) {
      if (!line.includes('"FOO"')) expect(connected).toContain(line);
    }
    if (format !== 'toml') expect(connected).toMatch(/"FOO": "1",? \/\/ keep$/m);
    await disconnect(id);
    expect(read(id)).toBe(text);
    expect(readLiveSettings(options.settingsPath)?.connections).toEqual({});
  });

  test('a file that is not there is made, private to its owner', async () => {
    mkdirSync(path.dirname(fileOf(id)), { recursive: true });
    await connect(id);
    const { token } = await liveSettings(options.settingsPath);
    expect(read(id)).toContain(token);
    expect(statSync(fileOf(id)).mode & 0o777).toBe(0o600);
    expect(statSync(options.settingsPath).mode & 0o777).toBe(0o600);
  });

  test('connecting twice changes nothing more', async () => {
    write(id, format === 'toml' ? TOML : JSONC);
    await connect(id);
    const once = read(id);
    await connect(id);
    expect(read(id)).toBe(once);
    await disconnect(id);
    expect(read(id)).toBe(format === 'toml' ? TOML : JSONC);
  });

  test('a damaged file is refused and left alone', async () => {
    write(id, '{ "env": = [');
    await expect(connection(connectable(id)!, options)).rejects.toThrow(/not valid/);
    expect(read(id)).toBe('{ "env": = [');
  });

  test('an agent that is not there is named', async () => {
    await expect(connection(connectable(id)!, options)).rejects.toThrow(/was not found: there is no folder/);
  });
});

test('the values are those that the agents read', async () => {
  const values: Record<string, unknown> = {};
  for (const { id, format } of CONNECTABLE) {
    mkdirSync(path.dirname(fileOf(id)), { recursive: true });
    await connect(id);
    values[id] = format === 'toml' ? parseToml(read(id)) : parseJsonc(read(id));
  }
  const { token } = await liveSettings(options.settingsPath);
  expect(JSON.parse(JSON.stringify(values))).toEqual({
    'claude-code': {
      env: {
        CLAUDE_CODE_ENABLE_TELEMETRY: '1',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://127.0.0.1:14318/v1/logs',
        OTEL_EXPORTER_OTLP_LOGS_HEADERS: `Authorization=Bearer ${token}`,
      },
    },
    codex: {
      otel: {
        exporter: {
          'otlp-http': {
            endpoint: 'http://127.0.0.1:14318/v1/logs',
            protocol: 'json',
            headers: { Authorization: `Bearer ${token}` },
          },
        },
        log_user_prompt: false,
      },
    },
    'gemini-cli': telemetry(token),
    qwen: telemetry(token),
    copilot: {
      'github.copilot.chat.otel.enabled': true,
      'github.copilot.chat.otel.exporterType': 'otlp-http',
      'github.copilot.chat.otel.otlpEndpoint': 'http://127.0.0.1:14318',
      'github.copilot.chat.otel.headers': { Authorization: `Bearer ${token}` },
      'github.copilot.chat.otel.captureContent': false,
    },
  });
});

function telemetry(token: string): object {
  return {
    telemetry: {
      enabled: true,
      target: 'local',
      otlpEndpoint: `http://127.0.0.1:14318/${token}/`,
      otlpProtocol: 'http',
      logPrompts: false,
    },
  };
}

test("a person's own exporter is never overwritten", async () => {
  const own =
    '{"env":{"OTEL_LOGS_EXPORTER":"otlp","OTEL_EXPORTER_OTLP_LOGS_ENDPOINT":"http://collector:4318/v1/logs"}}';
  write('claude-code', own);
  await expect(connection(connectable('claude-code')!, options)).rejects.toThrow(/receive --forward/);
  write('codex', '[otel]\nexporter = { otlp-grpc = { endpoint = "http://collector:4317" } }\n');
  await expect(connection(connectable('codex')!, options)).rejects.toThrow(/receive --forward/);
  expect(read('claude-code')).toBe(own);
});

test('a connection with another port is renewed, and what was there before it comes back', async () => {
  write('claude-code', '{"env":{"CLAUDE_CODE_ENABLE_TELEMETRY":"0"}}');
  await connect('claude-code');
  const settings = await liveSettings(options.settingsPath);
  writeFileSync(options.settingsPath, JSON.stringify({ ...settings, port: 15_000 }));
  await connect('claude-code');
  expect(read('claude-code')).toContain('http://127.0.0.1:15000/v1/logs');
  await disconnect('claude-code');
  expect(JSON.parse(read('claude-code'))).toEqual({ env: { CLAUDE_CODE_ENABLE_TELEMETRY: '0' } });
});

test('settings that the person has changed since are left as they are', async () => {
  write('gemini-cli', '{}');
  await connect('gemini-cli');
  writeFileSync(fileOf('gemini-cli'), read('gemini-cli').replace('"target": "local"', '"target": "gcp"'));
  await disconnect('gemini-cli');
  expect(JSON.parse(read('gemini-cli'))).toEqual({ telemetry: { target: 'gcp' } });
});

test('an exporter to the default destination, or to that of all signals, is not overwritten', async () => {
  const env = { CLAUDE_CODE_ENABLE_TELEMETRY: '1', OTEL_LOGS_EXPORTER: 'otlp' };
  const own = JSON.stringify({ env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' } });
  write('claude-code', own);
  write('gemini-cli', '{"telemetry":{"enabled":true,"target":"local"}}');
  await expect(connect('claude-code')).rejects.toThrow(
    /already exports to somewhere else: env\.OTEL_LOGS_EXPORTER is "otlp"/,
  );
  await expect(connect('gemini-cli')).rejects.toThrow(
    /already exports to somewhere else: telemetry\.target is "local"/,
  );
  expect(read('claude-code')).toBe(own);
});

test.each([
  ['gemini-cli', '{"telemetry":{"enabled":true}}'],
  ['gemini-cli', '{"telemetry":{"enabled":true,"logPrompts":true}}'],
  ['qwen', '{"telemetry":{"enabled":true}}'],
  ['copilot', '{"github.copilot.chat.otel.enabled":true}'],
  ['claude-code', '{"env":{"CLAUDE_CODE_ENABLE_TELEMETRY":"1"}}'],
])('export that is only switched on has no destination: %s is connected, and comes back as %s', async (id, text) => {
  write(id, text);
  await connect(id);
  expect(read(id)).toContain('127.0.0.1:14318');
  await disconnect(id);
  expect(JSON.parse(read(id))).toEqual(JSON.parse(text));
});

test.each([
  ['gemini-cli', '{"telemetry":{"outfile":"/tmp/calls.log"}}', 'telemetry.outfile'],
  ['qwen', '{"telemetry":{"enabled":true,"outfile":"/tmp/calls.log"}}', 'telemetry.outfile'],
  ['copilot', '{"github.copilot.chat.otel.outfile":"/tmp/calls.log"}', 'github.copilot.chat.otel.outfile'],
])('an export to a file, which wins over the endpoint, is not overwritten: %s', async (id, text, setting) => {
  write(id, text);
  await expect(connect(id)).rejects.toThrow(`${setting} is "/tmp/calls.log"`);
  expect(read(id)).toBe(text);
  write(id, text.replace('/tmp/calls.log', ''));
  await connect(id);
});

test('a connection of which a setting was removed is completed', async () => {
  write('claude-code', '{}');
  await connect('claude-code');
  const whole = JSON.parse(read('claude-code')) as { env: Record<string, string> };
  const { OTEL_EXPORTER_OTLP_LOGS_HEADERS: _removed, ...env } = whole.env;
  write('claude-code', JSON.stringify({ env }));
  await connect('claude-code');
  expect(JSON.parse(read('claude-code'))).toEqual(whole);
});

test('metrics that the user exports stay, and do not hinder a connection', async () => {
  const env = {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
  };
  write('claude-code', JSON.stringify({ env }));
  await connect('claude-code');
  expect(JSON.parse(read('claude-code'))).toMatchObject({ env: { ...env, OTEL_LOGS_EXPORTER: 'otlp' } });
});

test.skipIf(process.platform === 'win32')('only the user can read settings with the token', async () => {
  chmodSync(write('claude-code', '{}'), 0o644);
  await connect('claude-code');
  expect(statSync(fileOf('claude-code')).mode & 0o777).toBe(0o600);
  expect(readFileSync(fileOf('claude-code'), 'utf8')).toContain('Bearer ');
});

test('the file behind a link is changed, and its old text is beside it', async () => {
  const target = path.join(home, 'dotfiles', 'claude.json');
  mkdirSync(path.dirname(target));
  writeFileSync(target, JSONC);
  mkdirSync(path.dirname(fileOf('claude-code')));
  symlinkSync(target, fileOf('claude-code'));
  await connect('claude-code');
  expect(readFileSync(target, 'utf8')).toContain('OTEL_LOGS_EXPORTER');
  expect(readFileSync(backupPath(target), 'utf8')).toBe(JSONC);
  expect(existsSync(fileOf('claude-code'))).toBe(true);
});

test('a file that changes between the question and the answer is left alone', async () => {
  const file = write('claude-code', '{}');
  const change = await connection(connectable('claude-code')!, options);
  writeFileSync(file, '{"model":"opus"}');
  await expect(applyChange(change, options)).rejects.toThrow(/was changed by another program just now/);
  expect(readFileSync(file, 'utf8')).toBe('{"model":"opus"}');
});

test('the lines that are shown hide the token', async () => {
  write('claude-code', JSONC);
  const change = await connection(connectable('claude-code')!, options);
  const { token } = await liveSettings(options.settingsPath);
  const lines = changedLines(change, token);
  expect(lines.join('\n')).toContain('+ \t\t"OTEL_LOGS_EXPORTER": "otlp",');
  expect(lines.join('\n')).not.toContain(token);
});

describe('the hook that stops an agent at the limit of a budget', () => {
  const HOOK = 'claude-code-budgets';
  const OURS = { hooks: [{ type: 'command', command: 'llm-spend budget hook claude-code' }] };
  const OTHERS =
    '{\n  "hooks": {\n    "PreToolUse": [\n      { "matcher": "Bash", "hooks": [] } // mine\n    ],\n    "Stop": []\n  }\n}\n';
  const listed = (): unknown => (parseJsonc(read(HOOK)) as { hooks?: { PreToolUse?: unknown } }).hooks?.PreToolUse;

  test.each([
    ['no hooks', JSONC, [OURS]],
    ['hooks of others', OTHERS, [OURS, { matcher: 'Bash', hooks: [] }]],
  ])('is added to %s, and taken back', async (_, text, expected) => {
    write(HOOK, text);
    const change = await connection(connectable(HOOK)!, options);
    expect(changedLines(change, 'x').join('\n')).toContain('llm-spend budget hook claude-code');
    expect(read(HOOK)).toBe(text);
    await applyChange(change, options);
    expect(listed()).toEqual(expected);
    await connect(HOOK);
    expect(listed()).toEqual(expected);
    await disconnect(HOOK);
    // The line break before the first element of a list goes with ours.
    expect(read(HOOK).replace('[{', '[\n      {')).toBe(text);
  });

  test('leaves hooks that were added since, and the connection of the agent', async () => {
    write(HOOK, JSONC);
    await connect('claude-code');
    const connected = read(HOOK);
    await connect(HOOK);
    write(HOOK, read(HOOK).replace('"PreToolUse": [', '"PreToolUse": [{ "hooks": [] }, '));
    await disconnect(HOOK);
    expect(listed()).toEqual([{ hooks: [] }]);
    expect((parseJsonc(read(HOOK)) as { env: object }).env).toEqual((parseJsonc(connected) as { env: object }).env);
  });

  test('Codex has a file of its own for hooks, which is made', async () => {
    write('codex', '');
    await connect('codex-budgets');
    const entry = { hooks: [{ type: 'command', command: 'llm-spend budget hook codex' }] };
    expect(JSON.parse(read('codex-budgets'))).toEqual({ hooks: { PreToolUse: [entry] } });
    await disconnect('codex-budgets');
    expect(JSON.stringify(parseJsonc(read('codex-budgets')))).not.toContain('llm-spend');
  });

  test('is refused where the list is none', async () => {
    write(HOOK, '{"hooks": {"PreToolUse": 7}}');
    await expect(connection(connectable(HOOK)!, options)).rejects.toThrow('hooks.PreToolUse is not a list');
  });
});

describe('settings as people write them', () => {
  test.each([
    [
      'lists on one line, and a comma at the end',
      '{\n  "model": "opus", // why\n  /* a\n b */\n  "allow": ["x", "y"],\n}\n',
    ],
    ['Windows line ends', '{\r\n\t"a": 1,\r\n\t"env": {\r\n\t\t"FOO": "x" // keep\r\n\t}\r\n}\r\n'],
    ['a byte order mark', '\uFEFF{\n    "a": [1,\n  2]\n}'],
    ['one line', '{"a":1,"env":{"B":"2"}}'],
    ['a brace behind the last value', '{ "a": 1,\n  "b": 2 }\n'],
    [
      'a comment behind the last value',
      '{\n  "env": {\n    "A": "1", /* x */ // y\n  },\n  "b": 2 /* z */ // w\n  // end\n}\n',
    ],
    ['nothing but a comment', '{\n  // nothing\n}\n'],
  ])('%s', async (_, text) => {
    for (const id of ['claude-code', 'gemini-cli']) {
      write(id, text);
      await connect(id);
      const connected = read(id);
      for (const line of text.split('\n'))
        expect(connected.replaceAll(',', '')).toContain(line.replaceAll(/[,}]/g, '').trim());
      expect(connected.split('\r\n').length).toBe(text.includes('\r') ? connected.split('\n').length : 1);
      await disconnect(id);
      expect(read(id)).toBe(text);
    }
  });

  test('TOML with Windows line ends', async () => {
    const text = 'model = "gpt-5"\r\n[tui]\r\nnotifications = true\r\n';
    write('codex', text);
    await connect('codex');
    expect(read('codex')).not.toMatch(/[^\r]\n/);
    await disconnect('codex');
    expect(read('codex')).toBe(text);
  });

  test.each([
    ['codex', 'otel = { environment = "dev" }\n', 'Change it by hand'],
    ['codex', 'otel.environment = "dev"\n', 'Change it by hand'],
    ['claude-code', '{"env": "text"}\n', 'env is not an object'],
  ])('%s: %s is left alone, with a reason', async (id, text, reason) => {
    write(id, text);
    await expect(connect(id)).rejects.toThrow(reason);
    expect(read(id)).toBe(text);
  });

  test('a read-only file is left alone', async () => {
    chmodSync(write('claude-code', JSONC), 0o444);
    await expect(connect('claude-code')).rejects.toThrow('is read-only. Make it writable');
    expect(read('claude-code')).toBe(JSONC);
    expect(readLiveSettings(options.settingsPath)?.connections ?? {}).toEqual({});
  });
});
