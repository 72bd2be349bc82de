import path from 'node:path';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { countTests, failureLines } from '../../../scripts/testReport.mjs';
import { repository } from './files.ts';

const end = { stage: 'unit', code: 1, output: 'the last line' };
const inRepository = (file: string): string => path.join(repository, file);

const FAILING = `
import { describe, expect, it } from 'vitest';
describe('a ledger', () => {
  it('adds', () => {});
  it.skip('waits', () => {});
  it('sums', () => expect({ sum: 1 }).toEqual({ sum: 2 }));
  it('ends', () => new Promise(() => {}), 10);
});
`;

describe('the report at the end of npm test', () => {
  it('names each failed test by file and titles, with its error and the first place in the repository', () => {
    const error = [
      '\u001B[31mAssertionError: expected 1 to be 2\u001B[39m',
      '',
      `    at ${inRepository('node_modules/vitest/index.js')}:1:1`,
      `    at ${inRepository('test/a.test.ts')}:7:5`,
      `    at ${inRepository('test/b.ts')}:9:5`,
    ].join('\n');
    expect(failureLines([{ title: 'test/a.test.ts > a ledger > adds', error }])).toEqual([
      'FAILED  test/a.test.ts > a ledger > adds',
      '        AssertionError: expected 1 to be 2',
      `            at ${path.join('test', 'a.test.ts')}:7:5`,
    ]);
  });

  it('shows the start of a long error', () => {
    const error = Array.from({ length: 100 }, (_, at) => `line ${at}`).join('\n');
    const lines = failureLines([{ title: 'a', error }]);
    expect(lines.slice(0, 2)).toEqual(['FAILED  a', '        line 0']);
    expect(lines.length).toBeLessThan(20);
  });

  it.each([
    [1, ['starts'], 'exit code 1, but no test failed\nthe last line'],
    [0, [], 'no test ran\nthe last line'],
  ])('counts a run without a failed test that ended with %i', (code, passed, error) => {
    const failures = [{ title: 'unit', error }];
    expect(countTests({ passed }, { ...end, code })).toEqual({
      passed: passed.length,
      failed: 1,
      skipped: 0,
      failures,
    });
  });

  it('has the tests of vitest: limits of time with their message, files that could not be loaded', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-failing-'));
    await symlink(inRepository('node_modules'), path.join(folder, 'node_modules'), 'junction');
    try {
      await writeFile(path.join(folder, 'a.test.ts'), FAILING);
      await writeFile(path.join(folder, 'b.test.ts'), 'import "./nothing.ts";\n');
      const file = path.join(folder, 'report.json');
      const reporter = inRepository('scripts/vitestReporter.mjs');
      const code = await new Promise((resolve) => {
        const vitest = inRepository('node_modules/vitest/vitest.mjs');
        const args = ['run', '--root', folder, `--reporter=${reporter}`, `--outputFile=${file}`];
        execFile(process.execPath, [vitest, ...args], { cwd: folder }, (error) => resolve(error?.code));
      });
      expect(code).toBe(1);
      const report = JSON.parse(await readFile(file, 'utf8')) as Parameters<typeof countTests>[0];
      expect(report).toEqual({
        passed: ['a.test.ts > a ledger > adds'],
        skipped: ['a.test.ts > a ledger > waits'],
        failed: [
          {
            title: 'a.test.ts > a ledger > sums',
            error: expect.stringMatching(
              /^AssertionError: .* deeply equal [^]*\+ {3}"sum": 1[^]* at \S*a\.test\.ts:6:/,
            ),
          },
          {
            title: 'a.test.ts > a ledger > ends',
            error: expect.stringContaining('Test timed out in 10ms'),
          },
          { title: 'b.test.ts', error: expect.stringContaining("Cannot find module './nothing.ts'") },
        ],
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
