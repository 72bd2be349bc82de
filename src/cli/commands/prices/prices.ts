import type { CommandSpec } from '../../command.ts';
import type { EditorPriceFile } from '../../../prices/files.ts';
import type * as library from '../../../prices/index.ts';
import type { CustomPrice, CustomPriceProblem } from '../../../pricing/custom.ts';
import { plain } from '../../../usage/text.ts';
import { choice } from '../../arguments/arguments.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, writeJson } from '../../output/json.ts';
import { userPrices } from '../../userPrices.ts';
import { counted } from '../../report/numbers.ts';
import { table } from '../../output/table.ts';
import { customPriceTable, RATES } from '../../report/customPrices.ts';
import { say, warn, type Terminal } from '../../output/terminal.ts';
import { t, tText } from '../../language/text.ts';

export interface PricesFlags {
  provider?: string;
  input?: string;
  output?: string;
  cacheRead?: string;
  cacheWrite?: string;
  cacheWrite1h?: string;
  reasoning?: string;
  from?: string;
  note?: string;
  at?: string;
  json?: boolean;
}

const ACTIONS = ['list', 'show', 'set', 'remove', 'update'] as const;
type Prices = typeof library;

/**
 * `llm-spend prices`: shows and sets the prices of models. Custom prices are in `prices.json`, which users may also edit, and
 * in an editor's setting, which this command reads but never changes.
 */
export async function prices(
  action: string | undefined,
  name: string | undefined,
  flags: PricesFlags,
  terminal: Terminal,
): Promise<number> {
  const asked = choice('prices', action ?? 'list', ACTIONS);
  const loaded = await import('../../../prices/index.ts');
  try {
    switch (asked) {
      case 'list':
        return await list(loaded, flags, terminal);
      case 'show':
        return await show(named(asked, name), flags, terminal);
      case 'set':
        return await set(loaded, named(asked, name), flags, terminal);
      case 'remove':
        return await remove(loaded, named(asked, name), flags, terminal);
      case 'update':
        return await update(loaded, name, flags, terminal);
    }
  } catch (error) {
    if (error instanceof loaded.PriceFileError) throw new CliError('prices', error.message);
    if (error instanceof loaded.PriceFetchError || error instanceof loaded.PriceDataError) {
      throw new CliError('prices', error.message);
    }
    throw error;
  }
}

function named(action: string, name: string | undefined): string {
  if (name !== undefined && name.trim() !== '') return name;
  throw usageError(t`prices ${action}: needs the name of a model, or a pattern such as 'claude-*'.`);
}

async function list(prices: Prices, flags: PricesFlags, terminal: Terminal): Promise<number> {
  const folder = prices.pricesFolder();
  const path = prices.customPricesPath(folder);
  const file = await prices.readCustomPriceFile(folder);
  const setting = await prices.readEditorPriceFile(folder);
  const fetched = await prices.fetchedAt(folder);
  const { BUNDLED } = prices;
  if (flags.json === true) {
    await writeJson(
      terminal.out,
      envelope('prices', {
        file: path,
        prices: file.prices,
        problems: file.problems,
        editor: setting.editor === undefined ? null : { file: prices.editorPricesPath(folder), ...setting },
        table: { name: 'genai-prices', ...BUNDLED },
        fetched_at: fetched ?? null,
      }),
    );
    return EXIT.done;
  }
  const custom = [
    ...file.prices.map((price) => ({ price, where: 'prices.json' as const })),
    ...setting.prices.map((price) => ({ price, where: 'editor' as const })),
  ];
  if (custom.length === 0) {
    await terminal.out.line(t`No custom prices. Set one: llm-spend prices set 'my-model-*' --input 0.5 --output 1.5`);
  } else {
    await terminal.out.line(customPriceTable(custom, terminal.out));
  }
  await terminal.out.line(
    `\n${t`File: ${plain(path)}`}\n` +
      (setting.prices.length > 0
        ? `${t`Editor: the setting llmSpend.prices of ${plain(setting.editor ?? '')}; it takes precedence over equally specific prices of prices.json.`}\n`
        : '') +
      `${t`Price table: genai-prices ${BUNDLED.version} of ${BUNDLED.date};`} ` +
      (fetched === undefined
        ? t`no newer prices fetched yet (llm-spend prices update).`
        : t`newer prices fetched at ${plain(fetched)}.`),
  );
  for (const problem of file.problems) await warn(terminal, `${path}: ${prices.problemText(problem)}`);
  for (const problem of setting.problems) {
    await warn(terminal, `${prices.editorPricesPath(folder)}: ${prices.problemText(problem)}`);
  }
  return file.problems.length + setting.problems.length > 0 ? EXIT.failed : EXIT.done;
}

function timeIn({ at }: PricesFlags): number | undefined {
  const ms = at === undefined ? undefined : Date.parse(at);
  if (Number.isNaN(ms)) throw usageError(t`--at: must be a day or a time, such as 2026-01-31.`, '--at');
  return ms;
}

/** Shows the price that applies to a model, by pricing a short call of each kind: long contexts may cost more. */
async function show(model: string, flags: PricesFlags, terminal: Terminal): Promise<number> {
  const { provider } = flags;
  if (provider === undefined) throw usageError(t`--provider: is required, for example anthropic.`, '--provider');
  const pricer = await (await userPrices()).pricer();
  if (pricer === undefined) throw new CliError('prices', t`The prices cannot be read.`);
  const at = timeIn(flags) ?? terminal.now();
  const kinds = {
    input: { input_tokens: 1000 },
    cache_read: { input_tokens: 1000, cache_read_tokens: 1000 },
    cache_write: { input_tokens: 1000, cache_write_tokens: 1000 },
    cache_write_1h: { input_tokens: 1000, cache_write_1h_tokens: 1000 },
    output: { output_tokens: 1000 },
    reasoning: { output_tokens: 1000, reasoning_tokens: 1000 },
  };
  const rates: Record<string, string> = {};
  let source: string | undefined;
  let unpriced: { code: string; message: string } | undefined;
  for (const [kind, counts] of Object.entries(kinds)) {
    const result = pricer.price({ provider, model, ...counts }, { at });
    if (result.kind === 'unpriced') unpriced ??= { code: result.code, message: result.message };
    else {
      source = result.priceSource;
      const [part] = Object.values(result.parts);
      rates[kind] = part?.usd ?? '0';
    }
  }
  if (flags.json === true) {
    const body = { provider, model, at: new Date(at).toISOString(), price_source: source ?? null };
    const unknown = source === undefined ? unpriced : undefined;
    await writeJson(terminal.out, envelope('prices', { ...body, usd_per_million: rates, unpriced: unknown ?? null }));
  } else if (source === undefined) {
    await terminal.out.line(t`No price for ${plain(provider)} ${plain(model)}: ${plain(unpriced?.message ?? '')}`);
  } else {
    const rows = Object.entries(rates).map(([kind, usd]) => [tText(kind.replaceAll('_', ' ')), `$${usd}`]);
    await terminal.out.line(`${t`${plain(provider)} ${plain(model)}, by ${plain(source)}. USD per million tokens:`}\n`);
    await terminal.out.line(table([{ title: t`Kind` }, { title: 'USD', align: 'right' }], rows, {}));
  }
  return source === undefined ? EXIT.failed : EXIT.done;
}

async function set(prices: Prices, model: string, flags: PricesFlags, terminal: Terminal): Promise<number> {
  const price: Record<string, unknown> = {};
  if (flags.provider !== undefined) price['provider'] = flags.provider;
  price['model'] = model;
  for (const [flag, field] of Object.entries(RATES)) {
    const value = flags[flag as keyof typeof RATES];
    if (value !== undefined) price[field] = /^(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
  }
  for (const field of ['from', 'note'] as const) if (flags[field] !== undefined) price[field] = flags[field];
  const {
    prices: [checked],
    problems: [problem],
  } = prices.readCustomPrices([price]);
  if (checked === undefined || problem !== undefined) throw refused(problem);
  const folder = prices.pricesFolder();
  const setting = await prices.readEditorPriceFile(folder);
  let replaced = false;
  await prices.changeCustomPriceFile(folder, (entries) => {
    const others = entries.filter((entry) => !sameKey(entry, checked));
    replaced = others.length < entries.length;
    return [...others, price];
  });
  if (flags.json === true) {
    await writeJson(
      terminal.out,
      envelope('prices', { file: prices.customPricesPath(folder), set: checked, replaced }),
    );
  } else {
    await terminal.out.line(
      `${replaced ? t`Replaced the price of ${plain(keyText(checked))}.` : t`Set the price of ${plain(keyText(checked))}.`} ${t`Existing records keep their costs: llm-spend reprice --dry-run shows what would change.`}`,
    );
  }
  await warnOfSetting(setting, checked, prices.editorPricesPath(folder), terminal);
  return EXIT.done;
}

async function remove(prices: Prices, model: string, flags: PricesFlags, terminal: Terminal): Promise<number> {
  const folder = prices.pricesFolder();
  const setting = await prices.readEditorPriceFile(folder);
  const key = { provider: flags.provider, model, from: flags.from };
  let removed = 0;
  await prices.changeCustomPriceFile(folder, (entries) => {
    const others = entries.filter((entry) => !sameKey(entry, key));
    removed = entries.length - others.length;
    return removed > 0 ? others : undefined;
  });
  if (flags.json === true) await writeJson(terminal.out, envelope('prices', { removed }));
  else if (removed > 0)
    await terminal.out.line(t`Removed ${counted(removed, 'custom price')} of ${plain(keyText(key))}.`);
  else await say(terminal, t`There is no custom price for ${keyText(key)} in prices.json. See: llm-spend prices`);
  await warnOfSetting(setting, key, prices.editorPricesPath(folder), terminal);
  return removed > 0 ? EXIT.done : EXIT.failed;
}

/** Warns when the changed price has no effect, because the editor's setting has a price for the same model. */
async function warnOfSetting(
  { editor, prices }: EditorPriceFile,
  key: Key,
  path: string,
  terminal: Terminal,
): Promise<void> {
  if (editor === undefined || !prices.some((price) => sameKey(price, key))) return;
  await warn(
    terminal,
    t`the setting llmSpend.prices of ${editor} also has a price for ${keyText(key)}, which takes precedence. Change it there; if that editor is no longer used, delete ${path}.`,
  );
}

/** The only code that accesses the internet, and only when the user runs it. */
async function update(
  prices: Prices,
  from: string | undefined,
  flags: PricesFlags,
  terminal: Terminal,
): Promise<number> {
  const done = await prices.fetchPriceData(prices.pricesFolder(), terminal.now(), { from, madeAt: timeIn(flags) });
  if (flags.json === true) await writeJson(terminal.out, envelope('prices', { updated: done }));
  else {
    await terminal.out.line(
      t`Fetched the prices of ${counted(done.models, 'model')} of ${counted(done.providers, 'provider')} of ${done.date} from ${plain(done.from)}.\nNew records are priced by them; llm-spend reprice --dry-run shows what would change in the old ones.`,
    );
  }
  return EXIT.done;
}

type Key = Pick<CustomPrice, 'provider' | 'model' | 'from'>;

function sameKey(entry: unknown, key: Key): boolean {
  const { provider, model, from } = (entry ?? {}) as Partial<Key>;
  return provider === key.provider && model === key.model && from === key.from;
}

function keyText({ provider, model, from }: Key): string {
  return `${provider === undefined ? '' : `${provider}/`}${model}${from === undefined ? '' : t` from ${from}`}`;
}

function refused(problem: CustomPriceProblem | undefined): CliError {
  const { field = '', message = '' } = problem ?? {};
  const flag = field === '' || field === 'model' ? field : `--${field.replaceAll('_', '-')}`;
  return new CliError('usage', t`${flag}: ${message}. Nothing was changed.`, { exitCode: EXIT.usage, field: flag });
}

export const command: CommandSpec<PricesFlags> = {
  summary: 'show and set the prices of models',
  arguments: [
    { name: '[action]', help: 'list (default), show, set, remove or update' },
    {
      name: '[name]',
      help: "the model, or for set and remove a pattern such as 'claude-*'; for update a file or an https address",
    },
  ],
  options: [
    { flags: '--provider <name>', help: 'the provider, or a pattern' },
    { flags: '--input <usd>', help: 'USD per million input tokens' },
    { flags: '--output <usd>', help: 'USD per million output tokens' },
    { flags: '--cache-read <usd>', help: 'for tokens read from the cache (default: the input price)' },
    { flags: '--cache-write <usd>', help: 'for tokens written to the cache (default: the input price)' },
    {
      flags: '--cache-write-1h <usd>',
      help: 'for tokens written to the cache for an hour (default: the cache-write price)',
    },
    { flags: '--reasoning <usd>', help: 'for reasoning tokens (default: the output price)' },
    { flags: '--from <day>', help: 'the first day on which the price applies: 2026-01-31 (default: always)' },
    { flags: '--note <text>', help: 'a note' },
    { flags: '--at <time>', help: 'with show: the price at this time; with update: when the data was made' },
  ],
  examples: [
    'llm-spend prices',
    'llm-spend prices show claude-sonnet-4-5 --provider anthropic',
    "llm-spend prices set 'llama-*' --provider ollama --input 0 --output 0 --note 'my own machine'",
    'llm-spend prices update',
  ],
  run: ({ flags, words: [action, name], terminal }) =>
    prices(action as string | undefined, name as string | undefined, flags, terminal),
};
