import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasServerPrograms } from '../../fixtures/postgres.ts';
import { serverAndMachine } from './serverAndMachine.ts';

/** Imports into a ledger of a server, whose files on this machine belong into the user's state folder. */
describe.skipIf(!hasServerPrograms())('llm-spend import into PostgreSQL', () => {
  const team = serverAndMachine();

  test('remembers what it read, and leaves nothing in the working folder', async () => {
    const logs = path.join(team.sandbox.env['HOME']!, '.claude', 'projects', '-a');
    await mkdir(logs, { recursive: true });
    const message = { id: 'm', model: 'claude-sonnet-4-5', usage: { input_tokens: 10, output_tokens: 1 } };
    const line = { timestamp: '2026-11-20T10:00:00.000Z', requestId: 'r', message };
    await writeFile(path.join(logs, 'a.jsonl'), `${JSON.stringify(line)}\n`);
    const args = ['import', 'claude-code', '--ledger', team.server.url(), '--json'];
    const reports = [await team.sandbox.run(args), await team.sandbox.run(args)].map(
      ({ stdout }) => (JSON.parse(stdout) as { sources: unknown[] }).sources[0],
    );
    expect(reports).toMatchObject([
      { added: 1, files: 1, unchanged: 0 },
      { added: 0, files: 1, unchanged: 1 },
    ]);
    expect(readdirSync(team.sandbox.folder)).toEqual(['home']);
    const { stdout } = await team.sandbox.run(['verify', '--ledger', team.server.url()]);
    expect(stdout).toBe(`${team.server.url()} is sound.\n1 record.\n`);
    const state = path.join(team.sandbox.env['HOME']!, '.local', 'state', 'llm-spend', 'ledgers');
    if (process.platform === 'linux') expect(readdirSync(state)).toHaveLength(1);
  });
});
