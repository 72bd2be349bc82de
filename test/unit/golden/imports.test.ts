import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { codex } from '../../../src/sources/codex/index.ts';
import { World } from '../sources/world.ts';

/** Imports continue where an earlier version's ended: nothing is imported twice, nothing new is missed. */

const golden = join(import.meta.dirname, '../../golden');
const versions = readdirSync(golden, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? each.name : []));
const CLAUDE_LOG = '.claude/projects/-home-me-site/one.jsonl';

interface Imported {
  ids: string[];
  tokens: number;
}

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

function unpack(version: string, change: (state: string) => string = (state) => state): Imported {
  cpSync(join(golden, version, 'import/files'), world.home, { recursive: true });
  for (const name of readdirSync(world.home).filter((each) => each.includes('.import-'))) {
    const state = readFileSync(join(world.home, name), 'utf8').replaceAll('{{FOLDER}}', world.home);
    writeFileSync(join(world.home, name), change(state));
  }
  return JSON.parse(readFileSync(join(golden, version, 'import/answers.json'), 'utf8')) as Imported;
}

const NEW_REPLY = {
  timestamp: '2026-11-21T10:00:00.000Z',
  sessionId: 'one',
  requestId: 'req_9',
  message: { id: 'msg_9', model: 'claude-sonnet-4-5', usage: { input_tokens: 1000, output_tokens: 1 } },
};

const cases = versions.flatMap((version) => [[version, 'imported.json'] as const, [version, 'imported.db'] as const]);

/** Records of 0.1.0 lack the working folder, which rules go by. The next import adds it to those whose log names one. */
const CLAUDE_FOLDERS = 3;
const CODEX_FOLDERS = 2;

describe('imports that an earlier version began', () => {
  it.each(cases)('%s, %s: the same again', async (version, name) => {
    const { ids, tokens } = unpack(version);
    expect(await world.import(claudeCode, { name })).toMatchObject({ added: 0, updated: CLAUDE_FOLDERS });
    expect(await world.import(codex, { name })).toMatchObject({ added: 0, updated: CODEX_FOLDERS });
    expect(await world.import(claudeCode, { name })).toMatchObject({ added: 0, updated: 0 });
    expect(await world.import(codex, { name })).toMatchObject({ added: 0, updated: 0 });
    const records = await world.records(name);
    expect(records.map(({ usage_id }) => usage_id)).toEqual(ids);
    expect(records.reduce((sum, { total_tokens }) => sum + total_tokens, 0)).toBe(tokens);
  });

  it.each(cases)('%s, %s: what a log got since', async (version, name) => {
    const { ids, tokens } = unpack(version);
    appendFileSync(join(world.home, CLAUDE_LOG), `${JSON.stringify(NEW_REPLY)}\n`);
    expect(await world.import(claudeCode, { name })).toMatchObject({ added: 1, updated: CLAUDE_FOLDERS });
    const records = await world.records(name);
    expect(records).toHaveLength(ids.length + 1);
    expect(records.reduce((sum, { total_tokens }) => sum + total_tokens, 0)).toBe(tokens + 1001);
  });

  it.each(cases)('%s, %s: a state of a later format costs a second reading, and no record', async (version, name) => {
    const { ids } = unpack(version, (state) => state.replace(/"format":\d+/, '"format":9999'));
    appendFileSync(join(world.home, CLAUDE_LOG), `${JSON.stringify(NEW_REPLY)}\n`);
    expect(await world.import(claudeCode, { name })).toMatchObject({ added: 1, updated: CLAUDE_FOLDERS });
    expect(await world.records(name)).toHaveLength(ids.length + 1);
  });
});
