import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, type Result } from './harness.ts';

/** A home folder that cannot hold anything, and a working folder that is gone: each command ends, and says why in a sentence. */

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-homes-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RECORD = 'record --provider p --model m --operation o --cost-usd 1';
const COMMANDS = [
  'path',
  'costs --by day',
  RECORD,
  'export',
  'verify',
  'repair',
  'doctor',
  'unpriced',
  'prices',
  'prices set m --input 1 --output 2',
  'budget list',
  'budget set x --amount 1',
  'budget hook claude-code',
  'rules',
  'rules set r --model x --account y',
  'import all',
  'undo',
  'statusline',
  'receipt',
  'compare --with gpt-5',
  'reprice --dry-run',
  'remove x',
  'edit x --note y',
  'clear --yes',
  'connect claude-code',
  'disconnect claude-code',
  'sync',
  'mcp',
  'migrate a.json b.json',
  'run -- true',
];
/** The others differ from these in nothing that concerns folders. */
const FEW = COMMANDS.filter((_, i) => process.env['LLM_SPEND_LONG'] === '1' || i % 4 === 2);
/** ms, on a busy machine. */
const ENDS_WITHIN = 30_000;

/** @param script runs before the command, in the same shell. */
function run(command: string, home: string, script = ':'): Promise<Result> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TZ: 'UTC' };
  const line = `${script}; exec "${process.execPath}" "${cli}" ${command}`;
  return new Promise((resolve) => {
    const options = { cwd: folder, env, timeout: ENDS_WITHIN, killSignal: 'SIGKILL' } as const;
    const child = execFile('/bin/sh', ['-c', line], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

function expectSentence({ code, stderr }: Result): void {
  expect(code, 'the command does not end').not.toBeNull();
  expect(stderr).not.toMatch(/^ {4}at |Please report/m);
  if (code !== 0) expect(stderr).toMatch(/^llm-spend: .{10,}\.?$/m);
}

// No such folders, and other shells.
describe.skipIf(process.platform !== 'linux')('every command', () => {
  it.each(
    [['/proc', COMMANDS] as const, ['/dev/null', FEW] as const].flatMap(([home, all]) =>
      all.map((each) => [home, each] as const),
    ),
  )('ends with HOME=%s: %s', { timeout: ENDS_WITHIN * 2 }, async (home, command) =>
    expectSentence(await run(command, home)),
  );

  it.each(FEW)('ends in a working folder that is gone: %s', { timeout: ENDS_WITHIN * 2 }, async (command) => {
    const home = mkdtempSync(join(folder, 'home-'));
    expectSentence(await run(command, home, 'mkdir gone-$$ && cd gone-$$ && rmdir "$PWD"'));
  });

  it.each(['rules set r --model x --account y', 'budget set x --amount 1', 'prices set m --input 1 --output 2'])(
    'says which file cannot be written: %s',
    async (command) => {
      const { stderr } = await run(command, '/dev/null');
      expect(stderr).toMatch(/\.json cannot be written: a part of its path is not a folder\. Nothing was changed\.$/m);
    },
  );
});
