import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandShim } from '../../../src/host/terminal/shims.ts';
import { inCommandPrompt, missing, onWindows, windowsNode, windowsPath } from './wine.ts';

const CLI = windowsPath(fileURLToPath(new URL('../../../dist/cli.js', import.meta.url)));

// Wine's prompt said 9009 once, which means that it could not start a program; 36 repetitions under load did not show it again.
test.skipIf(missing !== undefined)(
  'llm-spend.cmd runs the command from the PATH, and passes on its arguments and exit code',
  { retry: onWindows ? 0 : 2 },
  () => {
    const root = mkdtempSync(join(tmpdir(), 'llm-spend-shim-'));
    try {
      const bin = join(root, 'global storage', 'bin');
      mkdirSync(bin, { recursive: true });
      const { name, text } = commandShim({ runtime: windowsNode, cli: CLI });
      writeFileSync(join(bin, name), text);
      const ledger = join(root, 'costs.json');
      const codes = join(root, 'codes.txt');
      const record = 'record --provider openai --model gpt-5 --operation "code review" --cost-usd 0.5';
      // Node for Windows cannot write to a pipe of Unix, so the output goes into files.
      const lines = [
        '@echo off',
        `set PATH=%PATH%;${windowsPath(bin)}`,
        `call llm-spend ${record} --ledger "${windowsPath(ledger)}" > nul 2> nul`,
        `> "${windowsPath(codes)}" echo %ERRORLEVEL%`,
        // Other programs run it through a command prompt of their own, and read its exit code there.
        `cmd /c llm-spend path > nul 2> nul`,
        `>> "${windowsPath(codes)}" echo %ERRORLEVEL%`,
        `cmd /c llm-spend costs --by fortnight > nul 2> nul`,
        `>> "${windowsPath(codes)}" echo %ERRORLEVEL%`,
        `cmd /c llm-spend undo --ledger "${windowsPath(join(root, 'none.json'))}" > nul 2> nul`,
        `>> "${windowsPath(codes)}" echo %ERRORLEVEL%`,
        'exit /b 0',
      ];
      const batch = join(root, 'run.bat');
      writeFileSync(batch, `${lines.join('\r\n')}\r\n`);
      inCommandPrompt(batch);
      expect(readFileSync(codes, 'utf8').split(/\s+/)).toEqual(['0', '0', '2', '1', '']);
      expect(JSON.parse(readFileSync(ledger, 'utf8'))).toMatchObject([
        { provider: 'openai', model: 'gpt-5', operation: 'code review', cost_usd: 0.5 },
      ]);
    } finally {
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
