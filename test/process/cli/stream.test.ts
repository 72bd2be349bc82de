import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, json, Sandbox, usage } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const stream = (...args: string[]): string[] => ['record', '--stdin', '--ledger', sandbox.ledger, ...args];
const answers = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const ids = (records: Record<string, unknown>[]): unknown[] => records.map((record) => record['usage_id']);

describe('record --stdin', () => {
  it('does nothing with nothing', async () => {
    for (const input of ['', '\n\n', '[]', '\ufeff']) {
      const { code, stdout, stderr } = await sandbox.run(stream('--json'), { input });
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: 'llm-spend: Recorded 0 records.\n' });
    }
  });

  it('answers each record, in order, with what was stored', async () => {
    const input = `\ufeff${usage({ usage_id: 'a' })}\r\n\n${usage({})}${JSON.stringify([{ ...JSON.parse(usage()), usage_id: 'c' }], undefined, 2)}`;
    const { code, stdout } = await sandbox.run(stream('--json'), { input });
    expect(code).toBe(0);
    const lines = answers(stdout);
    expect(lines[0]).toEqual({ usage_id: 'a', status: 'recorded' });
    expect(lines[2]).toEqual({ usage_id: 'c', status: 'recorded' });
    expect(ids(await sandbox.stored())).toEqual(ids(lines));
  });

  it('answers many equal refusals together, after the first 20', async () => {
    const refused = (n: number): string => usage({ provider: null }).repeat(n);
    const input = `${refused(25)}${usage({ usage_id: 'a' })}${refused(20)}[${'0,'.repeat(200_000)}0]\n`;
    const { code, stdout, stderr } = await sandbox.run(stream('--json'), { input });
    expect([code, stderr]).toEqual([1, 'llm-spend: Recorded 1 record, refused 200,046 records.\n']);
    const lines = answers(stdout);
    expect(lines.slice(19, 22)).toMatchObject([
      { line: 20, field: 'provider' },
      {
        line: 21,
        last_line: 25,
        records: 5,
        status: 'refused',
        field: 'provider',
        error: `provider: ${String(lines[0]!['rule'])}`,
      },
      { usage_id: 'a', status: 'recorded' },
    ]);
    expect(lines.slice(22, 42).map(({ line, records }) => [line, records])).toEqual(
      Array.from({ length: 20 }, (_, i) => [27 + i, undefined]),
    );
    const counts = lines.slice(1).filter(({ status }) => status === 'refused');
    expect(1 + counts.reduce((sum, { records }) => sum + Number(records ?? 1), 0)).toBe(200_046);
    // 400 kB of input in chunks of at least a few kB.
    expect(lines.length).toBeLessThan(3_000);

    const text = await sandbox.run(stream(), { input: refused(25) });
    expect(text.stderr.split('\n').slice(20)).toEqual([
      `llm-spend: lines 21 to 25: 5 records more refused: provider: ${String(lines[0]!['rule'])}`,
      'llm-spend: Recorded 0 records, refused 25 records.',
      '',
    ]);
  });

  it('names the value of each element that is no object, and tells it from an empty one', async () => {
    const { stdout } = await sandbox.run(stream('--json'), { input: '[0,"x",{},null,[1],{"a":1},{},true]' });
    const NONE = 'must be an object with provider, model and operation';
    expect(answers(stdout).map(({ field, rule, value }) => [field, rule, value])).toEqual([
      ['record', NONE, 0],
      ['record', NONE, 'x'],
      ['provider', 'is required', null],
      ['record', NONE, null],
      ['record', NONE, [1]],
      ['provider', 'is required', null],
      ['provider', 'is required', null],
      ['record', NONE, true],
    ]);
  });

  it('refuses single records with field, value and rule, and takes the others', async () => {
    const input = [
      usage({ usage_id: 'a' }),
      usage({ input_tokens: -1 }),
      'no json\n',
      usage({ timestamp: '2026-01-31T09:30:00' }),
      usage({ note: 'x'.repeat(20_000) }),
      usage({ input_tokens: 2 ** 53 }),
      usage({ output_tokens: 1.5 }),
      usage({ provider: null }),
      '[1]\n',
      usage({ usage_id: 'z' }),
      '{"provider":"cut',
    ].join('');
    const { code, stdout, stderr } = await sandbox.run(stream('--json'), { input });
    expect(code).toBe(1);
    expect(stderr).toBe('llm-spend: Recorded 2 records, refused 9 records.\n');
    const lines = answers(stdout);
    expect(lines.map(({ status, field, line }) => [status, field, line])).toEqual([
      ['recorded', undefined, undefined],
      ['refused', 'input_tokens', 2],
      ['refused', 'record', 3],
      ['refused', 'timestamp', 4],
      ['refused', 'note', 5],
      ['refused', 'input_tokens', 6],
      ['refused', 'output_tokens', 7],
      ['refused', 'provider', 8],
      ['refused', 'record', 9],
      ['recorded', undefined, undefined],
      ['refused', 'record', 11],
    ]);
    expect(lines[1]).toEqual({
      line: 2,
      status: 'refused',
      field: 'input_tokens',
      rule: 'must not be negative',
      value: -1,
      error: 'input_tokens: must not be negative (got -1)',
    });
    expect(JSON.stringify(lines[4]).length).toBeLessThan(1000);
    expect(ids(await sandbox.stored())).toEqual(['a', 'z']);
  });

  it('takes the others when only the ledger knows that one is wrong', async () => {
    await sandbox.record({ id: 'taken', 'cost-usd': '1' });
    const input = usage({ usage_id: 'a' }) + usage({ usage_id: 'taken', cost_usd: 2 }) + usage({ usage_id: 'b' });
    const { code, stdout } = await sandbox.run(stream('--json'), { input });
    expect(code).toBe(1);
    expect(answers(stdout).map(({ status }) => status)).toEqual(['recorded', 'refused', 'recorded']);
    expect(ids(await sandbox.stored())).toEqual(['taken', 'a', 'b']);
  });

  it("refuses what inkwell cannot read, one by one, in inkwell's ledger", async () => {
    const theirs = { provider: 'gemini', operation: 'extraction' };
    const input = usage({ ...theirs, usage_id: 'a' }) + usage({ usage_id: 'b' }) + usage({ ...theirs, usage_id: 'c' });
    const { code, stdout } = await sandbox.run(['record', '--stdin', '--json', '--ledger', sandbox.inkwell], { input });
    expect(code).toBe(1);
    expect(answers(stdout).map(({ status }) => status)).toEqual(['recorded', 'refused', 'recorded']);
    expect(ids(await sandbox.stored(sandbox.inkwell))).toEqual(['a', 'c']);
  });

  it('tells people in words, without terminal escapes', async () => {
    const input = usage({ cost_usd: 0.5, model: '\u001B[31mred' }) + usage({ model: 7 }) + '\u001B[2J\n';
    const { code, stdout, stderr } = await sandbox.run(stream(), { input });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Recorded \$0\.50 · openai .*\n$/);
    expect(stderr).toContain('llm-spend: line 2 was refused: model: must be a string (got 7)');
    expect(stdout + stderr).not.toContain('\u001B');
  });

  it('answers a producer that waits for each answer', async () => {
    const running = sandbox.start(stream('--json'));
    for (let i = 0; i < 20; i++) {
      // Half a record must not be answered, and must not block anything.
      running.child.stdin.write(usage({ usage_id: `r${i}` }).slice(0, 20));
      running.child.stdin.write(usage({ usage_id: `r${i}` }).slice(20, i % 2 === 0 ? undefined : -1));
      expect(await running.json()).toEqual({ usage_id: `r${i}`, status: 'recorded' });
    }
    running.child.stdin.end();
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(await sandbox.stored()).toHaveLength(20);
  });

  it('takes many records in little time', async () => {
    const input = Array.from({ length: 20_000 }, (_, i) => usage({ usage_id: `r${i}`, input_tokens: i })).join('');
    const { code, stdout } = await sandbox.run(stream('--json'), { input });
    expect(code).toBe(0);
    expect(answers(stdout)).toHaveLength(20_000);
    expect(await sandbox.stored()).toHaveLength(20_000);
  });

  it.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what it has read on %s',
    async (signal) => {
      const running = sandbox.start(stream('--json'));
      running.child.stdin.write(usage({ usage_id: 'a' }));
      expect(await running.json()).toMatchObject({ usage_id: 'a' });
      running.child.stdin.write(usage({ usage_id: 'b' }) + '{"provider":');
      expect(await running.json()).toMatchObject({ usage_id: 'b' });
      running.child.kill(signal);
      expect(await running.ended).toEqual({ code: signal === 'SIGINT' ? 130 : 143, signal: null });
      expect(running.stderr).toContain('Recorded 2 records');
      expect(ids(await sandbox.stored())).toEqual(['a', 'b']);
    },
  );

  it('loses nothing that it acknowledged when it is killed', async () => {
    const running = sandbox.start(stream('--json'));
    for (let i = 0; i < 50; i++) running.child.stdin.write(usage({ usage_id: `r${i}` }));
    const acknowledged: unknown[] = [];
    for (let i = 0; i < 10; i++) acknowledged.push((await running.json())['usage_id']);
    running.child.kill('SIGKILL');
    await running.ended;
    const { totals } = json(await sandbox.on(sandbox.ledger, ['costs', '--json'])) as { totals: { records: number } };
    expect(totals.records).toBeGreaterThanOrEqual(acknowledged.length);
    await sandbox.record({ id: 'next' });
    expect(ids(await sandbox.stored())).toEqual(expect.arrayContaining(acknowledged));
  });

  it('goes on recording when nobody reads its answers', async () => {
    const running = sandbox.start(stream('--json'));
    running.child.stdin.write(usage({ usage_id: 'a' }));
    expect(await running.json()).toMatchObject({ usage_id: 'a' });
    running.child.stdout.destroy();
    for (let i = 0; i < 5; i++) running.child.stdin.write(usage({ usage_id: `r${i}` }));
    running.child.stdin.end(usage({ usage_id: 'z' }));
    expect(await running.ended).toEqual({ code: 1, signal: null });
    expect(running.stderr).not.toMatch(/EPIPE|Unexpected|at /);
    expect(await sandbox.stored()).toHaveLength(7);
  });

  it('stops when the ledger takes no more, and says what is safe', async () => {
    const folder = sandbox.file('ledger');
    await mkdir(folder);
    const running = sandbox.start(['record', '--stdin', '--json', '--ledger', `${folder}/costs.json`]);
    running.child.stdin.write(usage({ usage_id: 'a' }));
    expect(await running.json()).toMatchObject({ usage_id: 'a' });
    // In one step: while a folder is being emptied file by file, a running commit could create new files in it.
    await rename(folder, sandbox.file('gone'));
    await writeFile(folder, 'in the way');
    running.child.stdin.write(usage({ usage_id: 'b' }));
    const error = await running.json();
    expect(error).toMatchObject({ version: 1, error: { code: 'no-folder' } });
    expect(JSON.stringify(error)).toContain('1 record had been recorded, the last one a');
    expect((await running.ended).code).toBe(1);
  });
});

describe('closed pipes', () => {
  it.skipIf(process.platform === 'win32')('end other commands quietly', async () => {
    const input = Array.from({ length: 5000 }, () => usage()).join('');
    await sandbox.run(stream('--json'), { input });
    const script = `"$0" "$1" export --format ndjson --ledger "$2" | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', script, process.execPath, cli, sandbox.ledger], { env: sandbox.env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    await once(child, 'close');
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').at(-1)).toBe('1');
  });

  it.skipIf(process.platform !== 'linux')('tell a full disk from a reader that had enough', async () => {
    await sandbox.record();
    const child = spawn('bash', [
      '-c',
      '"$0" "$1" costs --ledger "$2" > /dev/full',
      process.execPath,
      cli,
      sandbox.ledger,
    ]);
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(stderr).toMatch(/^llm-spend: The output could not be written: ENOSPC: .*\. All else is done\.\n$/);
  });
});

describe('watch', () => {
  it('says the totals at first and after each change, by whomever', async () => {
    const running = sandbox.start(['watch', '--json', '--count', '2', '--ledger', sandbox.ledger]);
    expect(await running.json()).toMatchObject({ command: 'watch', event: 'start', totals: { records: 0 } });
    await sandbox.record({ 'cost-usd': '0.5' });
    expect(await running.json()).toMatchObject({ event: 'change', totals: { records: 1, cost_usd: 0.5 } });
    await writeFile(sandbox.ledger, '[]');
    expect(await running.json()).toMatchObject({ event: 'change', totals: { records: 0 } });
    expect((await running.ended).code).toBe(0);
  });

  it.skipIf(process.platform === 'win32')('ends with Ctrl+C', async () => {
    const running = sandbox.start(['watch', '--ledger', sandbox.ledger]);
    expect(await running.line()).toMatch(/^\d\d:\d\d:\d\d {2}0 records · 0 tokens · \$0\.00$/);
    running.child.kill('SIGINT');
    expect(await running.ended).toEqual({ code: 0, signal: null });
  });
});

describe.skipIf(process.platform !== 'linux')('at a terminal', () => {
  it('asks before it clears', async () => {
    await sandbox.record();
    for (const keys of ['\n', 'n\n', 'yep\n', '\u0003', '\u0004']) {
      const { code, text } = await sandbox.atTerminal(['clear', '--ledger', sandbox.ledger], keys);
      expect(text).toContain(`Clear 1 record of ${sandbox.ledger}?`);
      expect(code).toBe(1);
      expect(await sandbox.stored()).toHaveLength(1);
    }
    expect((await sandbox.atTerminal(['clear', '--ledger', sandbox.ledger], 'y\n')).code).toBe(0);
    expect(await sandbox.stored()).toHaveLength(0);
  });

  it('colours, and indents JSON', async () => {
    await sandbox.record();
    expect((await sandbox.atTerminal(['costs', '--ledger', sandbox.ledger], '')).text).toContain('\u001B[1m');
    expect((await sandbox.atTerminal(['path', '--json', '--ledger', sandbox.ledger], '')).text).toContain(
      '{\r\n  "version": 1,',
    );
  });
});

describe.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('without permission', () => {
  it('says so', async () => {
    await writeFile(sandbox.ledger, '[]');
    await chmod(sandbox.ledger, 0);
    const { code, stderr } = await sandbox.on(sandbox.ledger, ['costs']);
    expect(code).toBe(1);
    expect(stderr).toContain('No permission');
  });
});
