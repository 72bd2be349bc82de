import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, json, Sandbox, usage } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const COMMANDS = 'record costs export watch remove undo clear reprice prices verify repair import migrate path'.split(
  ' ',
);
const REPEATED = { provider: 'p', model: 'm', operation: 'o', cost_usd: 1 };
const HOSTILE = '\u001B[31m=cmd()\u202E<b>\u0007\n[x](command:y) $(rm)';
// eslint-disable-next-line no-control-regex
const STEERING = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/;

describe('help and usage', () => {
  it('names every command, and shows examples of each', async () => {
    const { code, stdout } = await sandbox.run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) {
      expect(stdout).toContain(`\n  ${command} `);
      const help = await sandbox.run([command, '--help']);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain('Examples:\n  $ llm-spend');
    }
  });

  it('prints help to stderr when there is no command', async () => {
    const { code, stdout, stderr } = await sandbox.run([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: llm-spend');
  });

  it.each([
    [['recrod'], "Unknown command 'recrod'. Did you mean record?"],
    [['costs', '--bya', 'day'], "Unknown option '--bya'. Did you mean --by?"],
    [['costs', '--by', 'fortnight'], '--by: must be one of hour, day, week'],
    [['costs', '--by', 'day', '--recent', '3'], '--recent: cannot be combined'],
    [['costs', '--days', '-1'], '--days: must be a whole number'],
    [['costs', '--since', 'soon'], '--since: must be a date or time'],
    [['costs', 'extra'], 'Too many arguments'],
    [['costs', '--ledger', ''], '--ledger: must not be empty'],
    [['remove'], "Missing required argument 'id'. See: llm-spend remove --help"],
    [['import'], "Missing required argument 'source'. See: llm-spend import --help"],
    [['import', 'claude'], '"claude" is neither a source nor a file. Did you mean claude-code?'],
    [['import', '.'], 'is a folder. Name the tool whose logs it holds, as in claude-code=FOLDER.'],
    [['record'], '--provider, --model, --operation: are required'],
    [['record', '--response', '--operation', 'chat'], 'a file, or - for stdin, is missing before --operation'],
    [['costs', '--by', '--days', '3'], '--by <grouping>: its value is missing before --days'],
    [['record', '--provider', 'a', '--model', 'b', '--operation', 'c', '--stdin'], 'cannot be combined with --stdin'],
    [['clear'], 'Confirm with --yes'],
    [['export', '--format', 'xml'], '--format: must be one of csv, json, ndjson'],
    [['export', '--force'], '--force: only applies to --output'],
    [['watch', '--count', '0'], '--count: must be a whole number'],
  ])('%j is a usage error', async (args, message) => {
    const plain = await sandbox.run(args);
    expect(plain.code).toBe(2);
    expect(plain.stdout).toBe('');
    expect(plain.stderr).toMatch(/^llm-spend: .*\n$/);
    expect(plain.stderr).toContain(message);

    const forPrograms = await sandbox.run([...args, '--json']);
    expect(forPrograms.code).toBe(2);
    expect(json(forPrograms)).toMatchObject({ version: 1, error: { code: 'usage' } });
  });

  it('keeps terminal escapes out of its errors', async () => {
    for (const args of [
      [HOSTILE],
      ['costs', `--${HOSTILE}`],
      ['costs', '--by', HOSTILE],
      ['costs', '--ledger', HOSTILE],
    ]) {
      const { stdout, stderr } = await sandbox.run(args);
      expect(stdout + stderr).not.toMatch(STEERING);
    }
  });
});

describe('record', () => {
  const named = ['--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat'];

  it('stores every flag, and says in one line what it stored', async () => {
    const args = [
      ...named,
      '--input-tokens=1200',
      '--output-tokens=350',
      '--cache-read-tokens=100',
      '--cache-write-tokens=50',
      '--cost-usd=0.0042',
      '--timestamp=2026-01-31T09:30:00+01:00',
      '--id=one',
      '--project=site',
      '--tag=a',
      '--tag=b',
      '--note=n',
      '--episode=e',
      '--session=s',
      '--branch=main',
    ];
    const { code, stdout, stderr } = await sandbox.on(sandbox.ledger, ['record', ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('Recorded $0.0042 · openai gpt-5 · chat · 1,200 in, 350 out · id one\n');
    expect(await sandbox.stored()).toEqual([
      {
        usage_id: 'one',
        provider: 'openai',
        model: 'gpt-5',
        operation: 'chat',
        input_tokens: 1200,
        output_tokens: 350,
        total_tokens: 1550,
        cost_usd: 0.0042,
        cost_known: true,
        billing_mode: 'known',
        timestamp: '2026-01-31T09:30:00+01:00',
        cache_read_tokens: 100,
        cache_write_tokens: 50,
        project: 'site',
        tags: ['a', 'b'],
        note: 'n',
        episode_title: 'e',
        session_id: 's',
        branch: 'main',
        source: 'cli',
      },
    ]);
  });

  it('says that it does not know a cost, and never $0', async () => {
    const { stdout } = await sandbox.on(sandbox.ledger, [
      'record',
      ...named,
      '--model',
      'unheard-of',
      '--input-tokens',
      '10',
    ]);
    expect(stdout).toContain('cost unknown');
    expect(stdout).not.toContain('$');
    const asJson = await sandbox.on(sandbox.ledger, ['record', ...named, '--json']);
    expect(json(asJson)).toMatchObject({
      version: 1,
      command: 'record',
      status: 'recorded',
      ledger: sandbox.ledger,
      cost_usd: null,
      cost_nanos: null,
      record: { cost_known: false, source: 'cli' },
    });
  });

  it.each([
    ['--input-tokens', '1e3'],
    ['--input-tokens', '1.5'],
    ['--output-tokens', ' 1'],
    ['--output-tokens', '0x10'],
    ['--input-tokens', '-1'],
    ['--cost-usd', '-0.1'],
    ['--cost-usd', 'NaN'],
    ['--cost-usd', '2000000'],
    ['--timestamp', '2026-01-31T09:30:00'],
    ['--timestamp', 'yesterday'],
    ['--model', ''],
    ['--project', 'x'.repeat(2000)],
  ])('refuses %s %s, and stores nothing', async (flag, value) => {
    const { code, stderr } = await sandbox.on(sandbox.ledger, ['record', ...named, flag, value]);
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^llm-spend: ${flag}: (must|is)`));
    expect(existsSync(sandbox.ledger)).toBe(false);
  });

  it('is not recorded twice with the same id', async () => {
    await sandbox.record({ id: 'same', 'cost-usd': '1' });
    await sandbox.record({ id: 'same', 'cost-usd': '1' });
    expect(await sandbox.stored()).toHaveLength(1);
    const { code, stderr } = await sandbox.on(sandbox.ledger, ['record', ...named, '--id', 'same', '--cost-usd', '2']);
    expect(code).toBe(2);
    expect(stderr).toContain('--id: is taken by another record');
  });

  it('takes the ledger from the flag, then the environment, then the default', async () => {
    const env = { LLM_SPEND_LEDGER: sandbox.file('env.json') };
    await sandbox.run(['record', ...named], { env });
    await sandbox.run(['record', ...named, '--ledger', sandbox.file('flag.json')], { env });
    await sandbox.run(['record', ...named]);
    const { stdout } = await sandbox.run(['path']);
    for (const file of [sandbox.file('env.json'), sandbox.file('flag.json'), stdout.trim()]) {
      expect(await sandbox.stored(file)).toHaveLength(1);
    }
    expect(json(await sandbox.run(['path', '--json'], { env }))).toMatchObject({
      ledger: env.LLM_SPEND_LEDGER,
      exists: true,
      inkwell: null,
    });
  });

  it('writes only what inkwell can read into its ledger', async () => {
    const args = ['record', '--provider', 'openai', '--model', 'm', '--operation', 'chat', '--ledger', sandbox.inkwell];
    const refused = await sandbox.run(args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--provider');
  });
});

describe('a ledger that cannot be', () => {
  const args = ['record', '--provider', 'a', '--model', 'b', '--operation', 'c'];

  async function fails(ledger: string, code: string): Promise<void> {
    const plain = await sandbox.on(ledger, args);
    expect(plain.code).toBe(1);
    expect(plain.stderr).toMatch(/^llm-spend: [^\n]+\.\n$/);
    const forPrograms = await sandbox.on(ledger, [...args, '--json']);
    expect(json(forPrograms)).toMatchObject({ version: 1, error: { code } });
  }

  it('is a folder', async () => {
    await mkdir(sandbox.file('folder.json'));
    await fails(sandbox.file('folder.json'), 'not-a-file');
    expect((await sandbox.on(sandbox.file('folder.json'), ['costs'])).code).toBe(1);
    expect((await sandbox.on(sandbox.file('folder.json'), ['verify'])).code).toBe(1);
  });

  it('is below a file', async () => {
    await writeFile(sandbox.file('file'), '');
    await fails(path.join(sandbox.file('file'), 'costs.json'), 'no-folder');
  });

  it.skipIf(process.platform === 'win32')('is a dangling link', async () => {
    await symlink(sandbox.file('nowhere/costs.json'), sandbox.file('link.json'));
    await fails(sandbox.file('link.json'), 'dangling-link');
  });

  it.skipIf(process.platform === 'win32')('is a link to itself', async () => {
    await symlink(sandbox.file('loop.json'), sandbox.file('loop.json'));
    await fails(sandbox.file('loop.json'), 'dangling-link');
  });

  it.skipIf(process.platform !== 'linux')('is where nothing can be written', async () => {
    const { code, stderr } = await sandbox.on('/proc/llm-spend/costs.json', args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^llm-spend: .*\/proc\/llm-spend/);
  });
});

describe('costs', () => {
  const at = (day: string): Record<string, string> => ({ timestamp: `2026-01-${day}T12:00:00Z` });

  it('shows how to begin when there is nothing', async () => {
    const { code, stdout } = await sandbox.on(sandbox.ledger, ['costs']);
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing is recorded yet');
    expect(stdout).toContain(`llm-spend import --ledger ${sandbox.ledger} all\n`);
    expect(stdout).toContain(`llm-spend record --ledger ${sandbox.ledger} --provider`);
    const empty = json(await sandbox.on(sandbox.ledger, ['costs', '--json']));
    expect(empty).toMatchObject({ version: 1, totals: { records: 0, cost_usd: 0, cost_nanos: '0' } });
    expect(existsSync(sandbox.ledger)).toBe(false);
  });

  it('keeps known, estimated and unknown costs apart, exactly', async () => {
    const records = [
      { cost_usd: 0.1, provider: 'a' },
      { cost_usd: 0.2, provider: 'a' },
      { cost_usd: 0.3, provider: 'b', billing_mode: 'estimated' },
      { input_tokens: 1000, provider: 'b' },
    ];
    const added = await sandbox.on(sandbox.ledger, ['record', '--stdin'], { input: records.map(usage).join('') });
    expect(added.code).toBe(0);
    expect(json(await sandbox.on(sandbox.ledger, ['costs', '--json']))['totals']).toMatchObject({
      records: 4,
      cost_usd: 0.6,
      cost_nanos: '600000000',
      recorded_nanos: '300000000',
      estimated_nanos: '300000000',
      estimated_records: 1,
      unknown_records: 1,
    });
    const { stdout } = await sandbox.on(sandbox.ledger, ['costs']);
    expect(stdout).toMatch(
      /Cost +\$0\.60\n +recorded +\$0\.30 +2 records\n +estimated +\$0\.30 +1 record\n +unknown +1 record/,
    );
    expect(stdout).toContain('By provider');
  });

  it('filters and groups', async () => {
    await sandbox.record({ ...at('30'), 'cost-usd': '1', model: 'x', project: 'site' });
    await sandbox.record({ ...at('31'), 'cost-usd': '2', model: 'y', episode: 'Pilot' });
    await sandbox.record({ ...at('31'), 'cost-usd': '3', model: 'x', tag: 't' });
    const groups = async (...args: string[]): Promise<unknown> => {
      const result = json(await sandbox.on(sandbox.ledger, ['costs', '--json', ...args]));
      return (result['groups'] as { key: object; cost_usd: number }[]).map(({ key, cost_usd }) => [
        ...Object.values(key),
        cost_usd,
      ]);
    };
    expect(await groups('--by', 'day')).toEqual([
      ['2026-01-30', 1],
      ['2026-01-31', 5],
    ]);
    expect(await groups('--by', 'model')).toEqual([
      ['x', 4],
      ['y', 2],
    ]);
    expect(await groups('--by', 'day,model')).toEqual([
      ['2026-01-30', 'x', 1],
      ['2026-01-31', 'x', 3],
      ['2026-01-31', 'y', 2],
    ]);
    expect(await groups('--by', 'day', '--timezone', 'Pacific/Auckland')).toEqual([
      ['2026-01-31', 1],
      ['2026-02-01', 5],
    ]);
    expect(await groups('--by', 'model', '--since', '2026-01-31', '--until', '2026-01-31')).toEqual([
      ['x', 3],
      ['y', 2],
    ]);
    expect(await groups('--by', 'model', '-e', 'Pilot')).toEqual([['y', 2]]);
    expect(await groups('--by', 'project', '--model', 'x')).toEqual([
      [null, 3],
      ['site', 1],
    ]);
    expect(await groups('--by', 'tag', '--tag', 't', '--tag', 'u')).toEqual([['t', 3]]);
    expect(await groups('--by', 'model', '--days', '1')).toEqual([]);
    const { stdout } = await sandbox.on(sandbox.ledger, ['costs', '--provider', 'nobody']);
    expect(stdout).toContain('No record matches, of 3 records.');
  });

  it('lists the newest records', async () => {
    for (const day of ['29', '31', '30']) await sandbox.record({ ...at(day), id: day, 'cost-usd': '0.5' });
    const { stdout } = await sandbox.on(sandbox.ledger, ['costs', '-r', '2', '--timezone', 'Asia/Tokyo']);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'Time              Provider  Model  Operation  Input  Output   Cost',
      '2026-01-31 21:00  openai    gpt-5  chat           0       0  $0.50',
      '2026-01-30 21:00  openai    gpt-5  chat           0       0  $0.50',
    ]);
    const { recent } = json(await sandbox.on(sandbox.ledger, ['costs', '-r', '2', '--json'])) as {
      recent: { record: { usage_id: string } }[];
    };
    expect(recent.map(({ record }) => record.usage_id)).toEqual(['31', '30']);
  });

  it('marks the cost of a record that a plan covers', async () => {
    const call = '--provider openai --model gpt-5 --operation chat --timestamp 2026-01-29T12:00:00Z'.split(' ');
    const recorded = await sandbox.on(sandbox.ledger, ['record', ...call, '--cost-usd', '0.5', '--charge', 'plan']);
    expect(recorded.stdout).toContain('Recorded $0.50, covered by a plan ·');
    await sandbox.record({ ...at('30'), 'cost-usd': '0.25', charge: 'metered' });
    const { stdout } = await sandbox.on(sandbox.ledger, ['costs', '-r', '2', '--timezone', 'UTC']);
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      '2026-01-30 12:00  openai    gpt-5  chat           0       0       $0.25',
      '2026-01-29 12:00  openai    gpt-5  chat           0       0  $0.50 plan',
    ]);
  });

  it('shows apart how many tokens a source guessed', async () => {
    const tokens = { 'input-tokens': '1000', 'output-tokens': '200', 'cost-usd': '1' };
    await sandbox.record({ ...tokens, 'estimated-tokens': '200', model: 'a' });
    await sandbox.record({ ...tokens, model: 'b' });
    const { stdout } = await sandbox.on(sandbox.ledger, ['costs']);
    expect(stdout).toMatch(/Total tokens +2,400\n +estimated +200 +counts that a source estimated\n/);
    const byModel = await sandbox.on(sandbox.ledger, ['costs', '--by', 'model']);
    expect(byModel.stdout).toMatch(/Tokens +Estimated tokens +Cost\n/);
    const { totals, groups } = json(await sandbox.on(sandbox.ledger, ['costs', '--by', 'model', '--json'])) as {
      totals: { estimated_tokens: number };
      groups: { key: { model: string }; estimated_tokens: number }[];
    };
    expect(totals.estimated_tokens).toBe(200);
    expect(new Map(groups.map((group) => [group.key.model, group.estimated_tokens]))).toEqual(
      new Map([
        ['a', 200],
        ['b', 0],
      ]),
    );
  });

  it('fits the terminal, and colours only where it may', async () => {
    await sandbox.record({ model: `a-model-${'m'.repeat(100)}`, 'cost-usd': '1', project: '日本語'.repeat(20) });
    const narrow = await sandbox.on(sandbox.ledger, ['costs', '--by', 'model'], { env: { COLUMNS: '50' } });
    for (const line of narrow.stdout.split('\n').slice(0, 4)) expect(line.length).toBeLessThanOrEqual(50);
    expect(narrow.stdout).toContain('…');
    expect(narrow.stdout).not.toContain('\u001B');
    const colored = await sandbox.on(sandbox.ledger, ['costs'], { env: { FORCE_COLOR: '1' } });
    expect(colored.stdout).toContain('\u001B[1m');
    const refused = await sandbox.on(sandbox.ledger, ['costs'], { env: { NO_COLOR: '1' } });
    expect(refused.stdout).not.toContain('\u001B');
  });

  it('shows hostile text as text', async () => {
    const fields = {
      provider: HOSTILE,
      model: HOSTILE,
      operation: HOSTILE,
      project: HOSTILE,
      tags: [HOSTILE],
      episode_title: HOSTILE,
    };
    await sandbox.on(sandbox.ledger, ['record', '--stdin'], { input: usage(fields) });
    for (const args of [['costs'], ['costs', '-r', '5'], ['costs', '--by', 'tag,project'], ['watch', '--count', '1']]) {
      if (args[0] === 'watch') continue;
      const { code, stdout, stderr } = await sandbox.on(sandbox.ledger, args);
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(STEERING);
    }
  });

  it("merges inkwell's ledger, unless a ledger is named", async () => {
    await mkdir(path.dirname(sandbox.inkwell), { recursive: true });
    const theirs = {
      usage_id: 'i',
      provider: 'gemini',
      model: 'm',
      operation: 'extraction',
      cost_usd: 2,
      timestamp: '2026-01-01T00:00:00Z',
    };
    await writeFile(sandbox.inkwell, JSON.stringify([theirs]));
    const env = { LLM_SPEND_LEDGER: sandbox.ledger };
    await sandbox.record({ 'cost-usd': '1', id: 'i2' });
    const both = await sandbox.run(['costs', '--json'], { env });
    expect(json(both)).toMatchObject({
      totals: { records: 2, cost_usd: 3 },
      ledgers: [{ path: sandbox.ledger }, { path: sandbox.inkwell, strict: true }],
    });
    expect((await sandbox.run(['costs'], { env })).stdout).toContain(`Also counted: ${sandbox.inkwell} (1 record)`);
    expect(json(await sandbox.on(sandbox.ledger, ['costs', '--json']))).toMatchObject({ totals: { records: 1 } });
    const exported = await sandbox.run(['export', '--format', 'ndjson'], { env });
    expect(
      exported.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { usage_id: string }).usage_id),
    ).toEqual(['i', 'i2']);
  });

  it('counts what is readable of a damaged ledger, warns, and says so by its exit code', async () => {
    await writeFile(
      sandbox.ledger,
      `[${usage({ usage_id: 'x', cost_usd: 1, timestamp: '2026-01-01T00:00:00Z' })}, {"bro`,
    );
    const { code, stdout, stderr } = await sandbox.on(sandbox.ledger, ['costs', '--json']);
    expect(code).toBe(3);
    expect(stderr).toContain('llm-spend verify');
    expect(JSON.parse(stdout)).toMatchObject({ totals: { records: 1, cost_usd: 1 }, ledgers: [{ health: 'damaged' }] });
  });
});

describe('remove, clear and undo', () => {
  it('removes by id, and brings back', async () => {
    await sandbox.record({ id: 'a' });
    await sandbox.record({ id: 'b' });
    const removed = await sandbox.on(sandbox.ledger, ['remove', 'a', 'nope', '--json']);
    expect(removed.code).toBe(1);
    expect(json(removed)).toMatchObject({ command: 'remove', removed: [{ usage_id: 'a' }], missing: ['nope'] });
    expect(await sandbox.stored()).toHaveLength(1);

    const asked = await sandbox.on(sandbox.ledger, ['undo', '--dry-run']);
    expect(asked.stdout).toMatch(/^Would undo the remove of .*: 1 record would come back/);
    expect(await sandbox.stored()).toHaveLength(1);
    const undone = await sandbox.on(sandbox.ledger, ['undo', '--json']);
    expect(json(undone)).toMatchObject({ undone: 'remove', records: 1, dry_run: false });
    expect(await sandbox.stored()).toHaveLength(2);
  });

  it('clears only when told, keeps everything, and brings it back', async () => {
    await sandbox.record();
    await sandbox.record();
    expect((await sandbox.on(sandbox.ledger, ['clear'])).code).toBe(2);
    expect(await sandbox.stored()).toHaveLength(2);
    const cleared = json(await sandbox.on(sandbox.ledger, ['clear', '--yes', '--json']));
    expect(cleared).toMatchObject({ command: 'clear', removed: 2 });
    expect(existsSync(String(cleared['kept_in']))).toBe(true);
    expect(await sandbox.stored()).toEqual([]);
    expect((await sandbox.on(sandbox.ledger, ['undo'])).stdout).toMatch(/2 records came back/);
    expect(await sandbox.stored()).toHaveLength(2);
  });

  it.each(['costs.json', 'costs.db'])('undoes what the command before recorded into %s, once', async (name) => {
    const ledger = sandbox.file(name);
    const run = (...args: string[]) => sandbox.on(ledger, args);
    const flags = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1'];
    expect((await run(...flags, '--id=a')).stdout).toMatch(/^Recorded \$1\.00/);
    const lines = ['b', 'c'].map((id) => JSON.stringify({ ...REPEATED, usage_id: id })).join('\n');
    expect((await sandbox.on(ledger, ['record', '--stdin'], { input: lines })).code).toBe(0);
    expect((await run('undo', '--dry-run')).stdout).toMatch(
      /^Would undo the addition of .*: 2 records would be removed/,
    );
    expect((await run('undo')).stdout).toMatch(/^Undid the addition of .*: 2 records were removed/);
    expect(json(await run('costs', '--json'))).toMatchObject({ totals: { records: 1 } });
    expect(json(await run('undo', '--json'))).toMatchObject({ undone: 'add', records: 1 });
    expect(json(await run('costs', '--json'))).toMatchObject({ totals: { records: 0 } });
    expect((await run('undo')).code).toBe(1);
    expect((await run('verify')).code).toBe(0);
  });

  it.each(['costs.json', 'costs.db'])('says of a repetition in %s that it is recorded already', async (name) => {
    const ledger = sandbox.file(name);
    const run = (...args: string[]) => sandbox.on(ledger, args);
    const flags = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1', '--id=a'];
    expect(json(await run(...flags, '--json'))).not.toHaveProperty('already_recorded');
    expect((await run(...flags)).stdout).toMatch(/^Already recorded \$1\.00 .* id a\n$/);
    expect(json(await run(...flags, '--json'))).toMatchObject({ status: 'recorded', already_recorded: true });
    const lines = ['a', 'b'].map((id) => JSON.stringify({ ...REPEATED, usage_id: id })).join('\n');
    const streamed = await sandbox.on(ledger, ['record', '--stdin', '--json'], { input: lines });
    expect(
      streamed.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { usage_id: 'a', status: 'recorded', already_recorded: true },
      { usage_id: 'b', status: 'recorded' },
    ]);
    expect(streamed.stderr).toContain('Recorded 1 record, found 1 record already recorded.');
    // Undo takes back what was added, not what was there.
    expect(json(await run('undo', '--json'))).toMatchObject({ undone: 'add', usage_id: 'b', records: 1 });
    expect(json(await run('costs', '--json'))).toMatchObject({ totals: { records: 1 } });
    // Nor the repetition: the addition that is taken back is named by its time and its record.
    expect((await run('undo', '--dry-run')).stdout).toMatch(
      /^Would undo the addition of [-\d]+T[:.\d]+Z, id a: 1 record would be removed\./,
    );
    expect((await run('undo')).stdout).toMatch(
      /^Undid the addition of [-\d]+T[:.\d]+Z, id a: 1 record was removed\.\n$/,
    );
  });

  it('undoes an import, not one that the editor makes by itself, and a later import brings it back', async () => {
    const log = path.join(sandbox.env['HOME']!, '.claude/projects/site/one.jsonl');
    await mkdir(path.dirname(log), { recursive: true });
    const reply = (n: number): string =>
      `${JSON.stringify({
        timestamp: '2026-11-20T10:00:00.000Z',
        sessionId: 'one',
        requestId: `r${n}`,
        message: { id: `m${n}`, model: 'claude-opus-4-6', usage: { input_tokens: 100, output_tokens: 0 } },
      })}\n`;
    await writeFile(log, reply(1) + reply(2));
    const given = { env: { LLM_SPEND_LEDGER: sandbox.ledger } };
    const run = (...args: string[]): ReturnType<Sandbox['run']> => sandbox.run(args, given);
    expect((await run('import', 'claude-code')).stdout).toContain('\nUndo this import: llm-spend undo\n');
    await writeFile(log, reply(1) + reply(2) + reply(3));
    expect(json(await run('import', 'claude-code', '--follow', '--json'))).toMatchObject({
      added: 1,
      undoable_at: null,
    });
    expect((await run('undo')).stdout).toMatch(/^Undid the import of .*: 2 records were removed\.\nImporting again/);
    expect((await run('undo')).code).toBe(1);
    expect(json(await run('import', 'claude-code', '--json'))).toMatchObject({ added: 2, updated: 0 });
    expect(json(await run('undo', '--json'))).toMatchObject({ undone: 'import', records: 2 });
  });

  it('has nothing to undo at first', async () => {
    const { code, stdout } = await sandbox.on(sandbox.ledger, ['undo']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'There is nothing to undo.\n' });
  });
});

describe('verify and repair', () => {
  it('finds a sound ledger sound, and a missing one missing', async () => {
    expect(json(await sandbox.on(sandbox.ledger, ['verify', '--json']))).toMatchObject({
      health: 'missing',
      records: 0,
    });
    await sandbox.record();
    const { code, stdout } = await sandbox.on(sandbox.ledger, ['verify']);
    expect(code).toBe(0);
    expect(stdout).toContain('is sound.\n1 record');
    expect((await sandbox.on(sandbox.ledger, ['repair'])).stdout).toContain('needs no repair');
  });

  it('explains damage, shows what it would do, and mends it', async () => {
    const broken = `[${usage({ usage_id: 'x', timestamp: '2026-01-01T00:00:00Z' })}, {"bro`;
    await writeFile(sandbox.ledger, broken);
    const found = await sandbox.on(sandbox.ledger, ['verify', '--json']);
    expect(found.code).toBe(3);
    expect(json(found)).toMatchObject({ version: 1, command: 'verify', health: 'damaged', records: 1 });
    const words = await sandbox.on(sandbox.ledger, ['verify']);
    expect(words.stdout).toContain('is damaged');
    expect(words.stdout).toContain('error:');

    const dry = await sandbox.on(sandbox.ledger, ['repair', '--dry-run']);
    expect(dry.stdout).toContain('Nothing was changed');
    expect(await readFile(sandbox.ledger, 'utf8')).toBe(broken);
    const mended = json(await sandbox.on(sandbox.ledger, ['repair', '--json']));
    expect(mended).toMatchObject({ command: 'repair', dry_run: false, records: 1 });
    expect(await readFile(String(mended['kept_in']), 'utf8')).toContain('{"bro');
    expect((await sandbox.on(sandbox.ledger, ['verify'])).code).toBe(0);
  });
});

describe('export', () => {
  const record = {
    usage_id: 'x',
    model: '=HYPERLINK("evil")',
    note: 'a "quoted", text\nover two lines',
    tags: ['t', 'u'],
    extra: { kept: 1 },
  };

  it('writes CSV that no spreadsheet takes for formulas', async () => {
    await sandbox.on(sandbox.ledger, ['record', '--stdin'], {
      input: usage({ ...record, cost_usd: 0.5, timestamp: '2026-01-01T00:00:00Z' }),
    });
    const { stdout } = await sandbox.on(sandbox.ledger, ['export']);
    const [head, ...rest] = stdout.split('\n');
    expect(head?.split(',').slice(0, 4)).toEqual(['usage_id', 'provider', 'model', 'operation']);
    expect(rest.join('\n')).toContain(
      `x,openai,"'=HYPERLINK(""evil"")",chat,0,0,0,0.5,true,known,2026-01-01T00:00:00Z`,
    );
    expect(rest.join('\n')).toContain('"a ""quoted"", text\nover two lines"');
  });

  it('writes JSON that is a ledger again, and NDJSON', async () => {
    await sandbox.on(sandbox.ledger, ['record', '--stdin'], { input: usage(record) + usage({ usage_id: 'y' }) });
    const array = await sandbox.on(sandbox.ledger, ['export', '--json']);
    expect(JSON.parse(array.stdout)).toEqual(await sandbox.stored());
    const lines = await sandbox.on(sandbox.ledger, ['export', '--format', 'ndjson']);
    expect(
      lines.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(await sandbox.stored());
    expect((await sandbox.on(sandbox.file('none.json'), ['export', '--json'])).stdout).toBe('[]\n');
  });

  it('writes a file whole, and replaces none unless told', async () => {
    await sandbox.record();
    const output = sandbox.file('out.ndjson');
    const first = json(await sandbox.on(sandbox.ledger, ['export', '--output', output, '--json']));
    expect(first).toMatchObject({ command: 'export', output, format: 'ndjson', records: 1 });
    await writeFile(output, 'mine');
    const second = await sandbox.on(sandbox.ledger, ['export', '--output', output]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('--force');
    expect(await readFile(output, 'utf8')).toBe('mine');
    expect((await sandbox.on(sandbox.ledger, ['export', '--output', output, '--force'])).code).toBe(0);
    expect(await readFile(output, 'utf8')).toContain('usage_id');
    const nowhere = await sandbox.on(sandbox.ledger, ['export', '--output', sandbox.file('no/folder.csv')]);
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain('its folder does not exist');
  });
});

describe('an environment that lacks something', () => {
  const usage = ['--provider', 'p', '--model', 'm', '--operation', 'o', '--cost-usd', '1'];

  it.runIf(process.platform === 'linux')(
    'an empty HOME is none: the ledger is not put into the working folder',
    async () => {
      // Only asks for the path, because the test must not touch the developer's default ledger.
      const { code, stdout } = await sandbox.run(['path'], { env: { HOME: '', XDG_CONFIG_HOME: '' } });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^\/.*\/\.config\/llm-spend\/costs\.json\n$/);
      const relative = await sandbox.run(['record', ...usage], { env: { HOME: 'home', XDG_CONFIG_HOME: '' } });
      expect(relative).toMatchObject({ code: 1, stdout: '' });
      expect(relative.stderr).toMatch(/^llm-spend: The home folder is not known\. Set HOME, .*\n$/);
    },
  );

  it.runIf(process.platform !== 'win32')('a working folder that was deleted: a sentence, no stack trace', async () => {
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
    const gone = (...args: string[]): ReturnType<Sandbox['run']> =>
      new Promise((resolve) => {
        const child = execFile(
          'sh',
          ['-c', script, process.execPath, cli, ...args],
          { cwd: sandbox.folder, env: sandbox.env },
          (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
        );
      });
    expect(await gone('record', ...usage, '--ledger', sandbox.ledger)).toMatchObject({ code: 0, stderr: '' });
    for (const args of [['record', ...usage], ['costs'], ['verify']]) {
      const { code, stderr } = await gone(...args, '--ledger', 'x.json');
      expect(code).toBe(1);
      expect(stderr).toMatch(/^llm-spend: The working folder was deleted, so x\.json cannot be resolved\. .*\n$/);
    }
  });
});

it('record refuses a file that was never a ledger, and leaves it alone', async () => {
  for (const [name, content] of Object.entries({ 'package.json': '{"name":"x"}', 'tsconfig.json': '[1,2,3]' })) {
    await writeFile(sandbox.file(name), content);
    const usage = ['--provider', 'p', '--model', 'm', '--operation', 'o', '--cost-usd', '1'];
    const { code, stdout, stderr } = await sandbox.on(name, ['record', ...usage]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${name} is not a ledger: it contains no records.`);
    expect(await readFile(sandbox.file(name), 'utf8')).toBe(content);
  }
  expect((await readdir(sandbox.folder)).sort()).toEqual(['home', 'package.json', 'tsconfig.json']);
});
