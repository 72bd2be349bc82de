import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandShim, shellShim } from '../../../../src/host/terminal/shims.ts';

const PROGRAM = `console.log(JSON.stringify([process.argv.slice(2), process.env.ELECTRON_RUN_AS_NODE]))`;

describe('the shim for POSIX shells', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "llm-spend-it's $HOME "));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.skipIf(process.platform === 'win32')(
    'starts the command with the runtime as Node, and passes on each argument',
    () => {
      const cli = path.join(folder, 'cli.cjs');
      writeFileSync(cli, PROGRAM);
      const { name, text } = shellShim({ runtime: process.execPath, cli });
      writeFileSync(path.join(folder, name), text, { mode: 0o755 });
      const args = ['record', '--note', 'two words', '', '$(id)', "it's"];
      const printed = execFileSync('llm-spend', args, {
        env: { PATH: `${folder}:${process.env['PATH']}` },
        encoding: 'utf8',
      });
      expect(JSON.parse(printed)).toEqual([args, '1']);
    },
  );
});

describe('the shim for Windows', () => {
  test('quotes its paths, and names the home folder by its variable', () => {
    const { name, text } = commandShim({
      runtime: String.raw`C:\Users\Jörg\AppData\Local\Programs\Microsoft VS Code\Code.exe`,
      cli: String.raw`c:\users\jörg\.vscode\extensions\llm-spend.llm-spend-1.0.0\dist\cli.js`,
      profile: String.raw`C:\Users\Jörg`,
    });
    expect(name).toBe('llm-spend.cmd');
    expect(text.split('\r\n')).toEqual([
      '@echo off',
      'setlocal',
      'set ELECTRON_RUN_AS_NODE=1',
      String.raw`"%USERPROFILE%\AppData\Local\Programs\Microsoft VS Code\Code.exe" "%USERPROFILE%\.vscode\extensions\llm-spend.llm-spend-1.0.0\dist\cli.js" %*`,
      '',
    ]);
  });

  test('keeps a percent sign, and a folder whose name only begins like the home folder', () => {
    const { text } = commandShim({
      runtime: String.raw`D:\100%\Code.exe`,
      cli: String.raw`C:\Users\Jo2\cli.js`,
      profile: String.raw`C:\Users\Jo`,
    });
    expect(text).toContain(String.raw`"D:\100%%\Code.exe" "C:\Users\Jo2\cli.js" %*`);
  });
});
