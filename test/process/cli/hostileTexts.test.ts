import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../../src/usage/dimensions.ts';
import { ROWS } from '../../../src/usage/fieldLists.ts';
import { Sandbox, type Result } from './harness.ts';

/** No text of a record, a setting or an argument steers a terminal, whether a terminal, a pipe or a file reads it. */

const HOSTILE =
  'a\u001B[31mb\u001B]0;title\u0007\u009B2J\u0085\u202Ed\u2066\u200Be\u2028\u007F\u001B[1mbold\tx\rFAKE\nFAKE line\r\nFAKE two';
const RECORD: Record<string, unknown> = { usage_id: `id ${HOSTILE}`, cost_usd: 0.5, input_tokens: 5 };
for (const { name, rule } of ROWS) {
  if (rule === 'name' || rule === 'label' || rule === 'note') RECORD[name] ??= `${HOSTILE} ${name}`;
}
RECORD['tags'] = [HOSTILE, '=1'];
RECORD['timestamp'] = new Date(Date.now() - 60_000).toISOString();
const UNPRICED = { ...RECORD, usage_id: `two ${HOSTILE}`, cost_usd: 0, cost_known: false, billing_mode: 'unknown' };

/** Everything but line feeds: also what only hides or moves text. */
const STEERING = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Our own styles. */
// oxlint-disable-next-line no-control-regex
const STYLES = /\u001B\[(?:1|2|22|3[1239])m/g;

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  await writeFile(sandbox.ledger, JSON.stringify([RECORD, UNPRICED]));
  const config = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend');
  await mkdir(config, { recursive: true });
});
afterAll(() => sandbox.dispose());

const ID = RECORD['usage_id'] as string;
const MODEL = RECORD['model'] as string;
const PROVIDER = RECORD['provider'] as string;

/** In order: some change the ledger or settings that later ones show. */
const COMMANDS: readonly (readonly string[])[] = [
  ['path'],
  ['costs'],
  ...DIMENSIONS.filter((by) => !['commit', 'branch'].includes(by)).map((by) => ['costs', '--by', by]),
  ['costs', '--by', 'model,project,tag'],
  ['costs', '--cache'],
  ['costs', '--model', HOSTILE],
  ['costs', '--search', `model:"${HOSTILE}"`],
  ['costs', '--by', HOSTILE],
  ['costs', '--timezone', HOSTILE],
  ['costs', '--currency', HOSTILE],
  ['compare', '--with', 'gpt-5'],
  ['compare', '--with', HOSTILE],
  ['unpriced'],
  ['reprice', '--dry-run'],
  ['prices', 'show', MODEL, '--provider', PROVIDER],
  ['prices', 'set', HOSTILE, '--input', '1', '--output', '2'],
  ['prices', 'list'],
  ['prices'],
  ['prices', 'remove', HOSTILE],
  ['budget', 'set', HOSTILE, '--amount', '0.1'],
  ['budget', 'set', HOSTILE, '--amount', '0.2'],
  ['budget', 'set', 'b', '--amount', HOSTILE],
  ['budget', 'list'],
  ['budget', 'check'],
  ['budget', 'webhook', HOSTILE],
  ['statusline', '--format', `{today} ${HOSTILE} {budget}`],
  ['statusline'],
  ['budget', 'hook', 'claude-code'],
  ['budget', 'remove', HOSTILE],
  ['budget', 'remove', HOSTILE],
  ['rules', 'set', HOSTILE, '--model', '*', '--account', HOSTILE, '--tag', HOSTILE],
  ['rules', 'list'],
  ['rules'],
  ['rules', 'apply', '--dry-run'],
  ['rules', 'remove', HOSTILE],
  ['rules', 'remove', HOSTILE],
  ['verify'],
  ['repair', '--dry-run'],
  ['repair'],
  ['doctor'],
  ['import', HOSTILE],
  ['receipt', HOSTILE],
  ['connect', HOSTILE],
  ['disconnect', HOSTILE],
  ['run', '--budget', HOSTILE, '--', 'true'],
  ['migrate', HOSTILE, `${HOSTILE}.db`],
  ['sync', '--to', HOSTILE],
  [HOSTILE],
  ['costs', `--${HOSTILE}`],
  ['record', '--provider', PROVIDER, '--model', MODEL, '--operation', 'o', '--cost-usd', '1', '--note', HOSTILE],
  ['record', '--provider', HOSTILE, '--model', '', '--operation', 'o'],
  ['edit', ID, '--project', HOSTILE, '--note', HOSTILE],
  ['edit', HOSTILE, '--project', HOSTILE],
  ['remove', HOSTILE],
  ['export', '--format', 'csv'],
  ['export', '--format', 'json'],
  ['export', '--format', HOSTILE],
  ['remove', ID],
  ['undo'],
];

function expectHarmless({ stdout, stderr }: Result, allowed: RegExp = /^$/u): void {
  for (const line of `${stdout}\n${stderr}`.split('\n')) {
    const steering = STEERING.exec(line)?.[0];
    if (steering !== undefined && allowed.test(steering)) continue;
    expect(steering, JSON.stringify(line)).toBeUndefined();
    // A text that ends its line could pretend to be a line of ours.
    expect(line).not.toMatch(/^FAKE/);
  }
  expect(stderr).not.toMatch(/^ {4}at |Please report/m);
}

describe('hostile texts', () => {
  it.each(COMMANDS.map((args) => [args.map((word) => word.replaceAll(HOSTILE, '<hostile>')).join(' '), args] as const))(
    'steer nothing in %s',
    { timeout: 60_000 },
    async (name, args) => {
      const without = ['run', 'migrate', 'sync', 'path'].includes(args[0]!);
      const result = without
        ? await sandbox.run(args)
        : await sandbox.run(args, { env: { LLM_SPEND_LEDGER: sandbox.ledger } });
      if (name === 'export --format csv') {
        // Cells hold line feeds and tabs as they are.
        expect(parse(result.stdout).length).toBeGreaterThan(2);
        expectHarmless({ ...result, stdout: result.stdout.replaceAll(/[\t]|^FAKE/gm, '') });
      } else expectHarmless(result);
      const forced = { LLM_SPEND_LEDGER: sandbox.ledger, FORCE_COLOR: '1' };
      if (args[0] === 'costs') {
        const { stdout, stderr } = await sandbox.run(args, { env: forced });
        // Our own styles are there, and those of the texts are not.
        expect(`${stdout}${stderr}`.replaceAll(STYLES, '')).not.toMatch(STEERING);
        expect(stdout).not.toContain('\u001B[31mb');
      }
    },
  );

  it('steer nothing as lines of a stream, as a response, and in the messages of MCP', async () => {
    const env = { LLM_SPEND_LEDGER: sandbox.file('stream.json') };
    const lines = [
      RECORD,
      { ...RECORD, usage_id: 3, model: HOSTILE },
      { ...RECORD, usage_id: '', [HOSTILE]: HOSTILE },
      HOSTILE,
    ];
    const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    for (const more of [[], ['--json']])
      expectHarmless(await sandbox.run(['record', '--stdin', ...more], { env, input }));
    const response = JSON.stringify({
      id: HOSTILE,
      object: 'chat.completion',
      model: HOSTILE,
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    });
    expectHarmless(await sandbox.run(['record', '--response', '-'], { env, input: response }));
    expectHarmless(await sandbox.run(['record', '--response', '-', '--provider', HOSTILE], { env, input: response }));
    const call = {
      jsonrpc: '2.0',
      id: HOSTILE,
      method: 'tools/call',
      params: { name: HOSTILE, arguments: { [HOSTILE]: 1 } },
    };
    const spend = { ...call, id: 2, params: { name: 'spend', arguments: { by: ['model'] } } };
    const mcp = [call, spend].map((each) => `${JSON.stringify(each)}\n`).join('');
    expectHarmless(await sandbox.run(['mcp'], { env: { LLM_SPEND_LEDGER: sandbox.ledger }, input: mcp }));
  });

  it('are in a CSV file with escapes of their control characters, and can be had back', async () => {
    const ledger = sandbox.file('exported.json');
    await writeFile(ledger, JSON.stringify([RECORD]));
    expect((await sandbox.on(ledger, ['export', '--output', sandbox.file('out.csv')])).code).toBe(0);
    const { stdout } = await sandbox.on(ledger, ['export', '--format', 'csv']);
    const [row] = parse<Record<string, string>>(stdout, { columns: true });
    const back = row!['note']!.replaceAll(/\\u([\da-f]{4})/g, (_, code: string) =>
      String.fromCharCode(parseInt(code, 16)),
    );
    expect(back).toBe(RECORD['note']);
    expect(row!['note']).toContain('a\\u001b[31mb');
  });
});
