import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The files that are not ledgers: prices, import state, and the editor's storage of the user's choices. */

export interface Making {
  target: string;
  work: string;
  env: Record<string, string | undefined>;
  run: (args: string[], input?: string, env?: Record<string, string | undefined>) => string;
  keep: (name: string, folder: string) => void;
  built: string;
}

export async function makeOthers(making: Making): Promise<void> {
  await makePrices(making);
  makeImports(making);
  await makeChoices(making);
}

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const answers = ({ target }: Making, name: string, value: unknown): void =>
  write(join(target, name, 'answers.json'), `${JSON.stringify(value, undefined, 2)}\n`);

/** Usages priced now and by later versions. */
const PRICED = [
  { provider: 'ollama', model: 'llama-4' },
  { provider: 'anthropic', model: 'claude-own-1', cache_read_tokens: 400, cache_write_tokens: 100 },
  { provider: 'anthropic', model: 'claude-own-1', timestamp: '2025-06-01T00:00:00Z' },
  { provider: 'openai', model: 'editor-model' },
  { provider: 'golden', model: 'fetched-small' },
  { provider: 'golden', model: 'fetched-tiers', input_tokens: 300_000 },
  { provider: 'golden', model: 'nobody-knows' },
];

async function makePrices(making: Making): Promise<void> {
  const { work, env, run, keep, built } = making;
  const folder = join(work, 'prices');
  const own = join(folder, 'llm-spend');
  const here = { ...env, XDG_CONFIG_HOME: folder };
  const set = (...args: string[]): void => void run(['prices', 'set', ...args], '', here);
  set('llama-*', '--provider', 'ollama', '--input', '0', '--output', '0', '--note', 'my own machine');
  set('claude-own-*', '--input', '3', '--output', '15', '--cache-read', '0.3', '--cache-write', '3.75');
  set('claude-own-*', '--input', '2', '--output', '12', '--from', '2026-01-01', '--reasoning', '6');
  const data = [
    {
      // Price data is accepted only if it contains this model.
      id: 'openai',
      name: 'OpenAI',
      api_pattern: 'https://api\\.openai\\.com',
      models: [{ id: 'gpt-4o', match: { equals: 'gpt-4o' }, prices: { input_mtok: 2.5, output_mtok: 10 } }],
    },
    {
      id: 'golden',
      name: 'Golden',
      api_pattern: 'https://golden\\.example',
      models: [
        { id: 'fetched-small', match: { equals: 'fetched-small' }, prices: { input_mtok: 1.5, output_mtok: 6 } },
        {
          id: 'fetched-tiers',
          match: { or: [{ starts_with: 'fetched-t' }, { equals: 'ft' }] },
          prices: { input_mtok: { base: 1, tiers: [{ start: 200_000, price: 2 }] }, output_mtok: 8 },
        },
      ],
    },
  ];
  const file = join(work, 'data.json');
  write(file, JSON.stringify(data));
  run(['prices', 'update', file, '--at', new Date().toISOString()], '', here);
  // Only the editor writes this file, so its own function is called.
  const source = join(resolve(built), 'src/ledger/priceFiles.ts');
  const { keepEditorPrices } = (await import(pathToFileURL(source).href)) as {
    keepEditorPrices: (folder: string, editor: string, prices: object[]) => Promise<unknown>;
  };
  await keepEditorPrices(own, 'Golden Editor', [{ provider: 'openai', model: 'editor-*', input: 10, output: 20 }]);
  keep('prices', own);

  const ledger = join(work, 'priced.json');
  const usages = PRICED.map((each) => ({
    operation: 'chat',
    input_tokens: 1000,
    output_tokens: 200,
    timestamp: '2026-11-20T00:00:00Z',
    ...each,
  }));
  run(['record', '--stdin', '--ledger', ledger], usages.map((each) => JSON.stringify(each)).join('\n'), here);
  const records = JSON.parse(readFileSync(ledger, 'utf8')) as Record<string, unknown>[];
  answers(making, 'prices', {
    usages,
    costs: records.map(({ cost_usd, cost_known }) => (cost_known === true ? cost_usd : null)),
  });
}

function makeImports(making: Making): void {
  const { work, env, run, keep } = making;
  const folder = join(work, 'import');
  const here = { ...env, HOME: folder, XDG_CACHE_HOME: join(work, 'cache') };
  const reply = (n: number): object => ({
    timestamp: `2026-11-20T10:00:0${n}.000Z`,
    sessionId: 'one',
    version: '2.1.0',
    cwd: '/home/me/site',
    gitBranch: 'main',
    requestId: `req_${n}`,
    message: {
      id: `msg_${n}`,
      model: 'claude-sonnet-4-5',
      usage: { input_tokens: 10 * n, output_tokens: 20, cache_read_input_tokens: 5 },
    },
  });
  const codex = [
    { type: 'session_meta', payload: { id: 'two', cwd: '/home/me/site', git: { branch: 'main' } } },
    { type: 'turn_context', payload: { model: 'gpt-5' } },
    ...[1, 2].map((n) => ({
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: {
          total_token_usage: {
            input_tokens: 100 * n,
            cached_input_tokens: 40 * n,
            output_tokens: 30 * n,
            total_tokens: 130 * n,
          },
          last_token_usage: { input_tokens: 100, cached_input_tokens: 40, output_tokens: 30, total_tokens: 130 },
        },
      },
    })),
  ].map((line, i) => ({ timestamp: `2026-11-20T11:00:0${i}.000Z`, ...line }));
  const lines = (values: object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  write(join(folder, '.claude/projects/-home-me-site/one.jsonl'), lines([1, 2, 3].map(reply)));
  write(join(folder, '.codex/sessions/2026/11/20/rollout-two.jsonl'), lines(codex));
  const ledger = join(folder, 'imported.json');
  const database = join(folder, 'imported.db');
  for (const source of ['claude-code', 'codex']) {
    run(['import', source, '--ledger', ledger], '', here);
    run(['import', source, '--ledger', database], '', here);
  }
  // The state contains absolute paths of files, which are meaningless on other machines.
  for (const name of readdirSync(folder).filter((each) => each.includes('.import-'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    if (!text.includes(folder)) throw new Error(`${name} names no log`);
    write(join(folder, name), text.replaceAll(folder, '{{FOLDER}}'));
  }
  const records = JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string; total_tokens: number }[];
  keep('import', folder);
  answers(making, 'import', {
    ids: records.map(({ usage_id }) => usage_id).sort(),
    tokens: records.reduce((sum, { total_tokens }) => sum + total_tokens, 0),
  });
}

async function makeChoices(making: Making): Promise<void> {
  const source = join(resolve(making.built), 'src/protocol/choices.ts');
  const { parseChoices } = (await import(pathToFileURL(source).href)) as { parseChoices: (value: unknown) => object };
  const choices = parseChoices({
    range: { kind: 'dates', from: '2026-01-01', to: '2026-01-31' },
    measure: 'tokens',
    chart: 'cumulative',
    bucket: 'week',
    stack: 'branch',
    levels: ['project', 'session', 'tag'],
    breakdownSort: { by: 'name', descending: false },
    recordsSort: { by: 'model', descending: false },
    values: { episode: ['Pilot', null], cost: ['unknown'], source: ['cli'] },
    search: 'words',
  });
  write(join(making.target, 'editor', 'choices.json'), `${JSON.stringify(choices, undefined, 2)}\n`);
  write(
    join(making.target, 'editor', 'palette.json'),
    `${JSON.stringify({ model: ['gpt-5', 'o3'], branch: ['main'] })}\n`,
  );
}
