import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { RecognisedResponse, Recognition } from '../../pricing/responses/recognise.ts';
import type { usageOfResponse as UsageOfResponse } from '../../pricing/responses/usage.ts';
import { textFromBytes } from '../../system/utf16.ts';
import { UsageError, type UsageInput, type UsageRecord } from '../../usage/record.ts';
import { amount } from '../arguments/arguments.ts';
import { CliError, EXIT, usageError } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { withLedger } from '../arguments/ledgers.ts';
import { whyUnpriced, type Unpriced } from '../report/unpriced.ts';
import { userPrices } from '../userPrices.ts';
import { counted } from '../report/numbers.ts';
import { whyIncomplete, whyWaiting } from '../report/waiting.ts';
import { say, warn, type Terminal } from '../output/terminal.ts';
import { flagName, RECORD_OPTIONS, valueName, valueOf, type RecordFlags } from '../arguments/recordFlags.ts';
import { asFlag, recordedJson, statusJson, trackedLine } from './recordOne.ts';
import { t } from '../language/text.ts';

/** Flags that fill in fields missing from all responses. */
const LABELS = RECORD_OPTIONS.filter(({ rule }) => ['label', 'charge', 'note', 'tags'].includes(rule));
const OWN = [
  'response',
  'json',
  'ledger',
  'provider',
  'model',
  'operation',
  'costUsd',
  ...LABELS.map((option) => valueName(flagName(option))),
];

/** `llm-spend record --response FILE|-`: records the usage in a provider's raw API responses, single, several or streamed. */
export async function recordResponse(flags: RecordFlags, terminal: Terminal, stdin: Readable): Promise<number> {
  refuseOtherFlags(flags);
  const { responses, problems, usages } = await recognised(flags, stdin);
  const inputs = withCost(usages, flags);
  const { stored, path, waiting, incomplete } = await withLedger(flags, async (ledger) => {
    try {
      const stored = await ledger.trackWithStatus(inputs);
      const waiting = await whyWaiting(ledger);
      return { stored, path: ledger.path, waiting, incomplete: await whyIncomplete(ledger) };
    } catch (error) {
      throw error instanceof UsageError ? asFlag(error) : error;
    }
  });
  const unpriced = await Promise.all(stored.map(({ record }) => why(record, flags, terminal)));
  if (flags.json === true) {
    const records = stored.map((tracked, i) => ({
      ...(tracked.status === 'present' ? { already_recorded: true } : {}),
      ...recordedJson(tracked.record, unpriced[i]),
      api: responses[i]?.api,
      confidence: responses[i]?.confidence,
      ...notIncludedJson(responses[i]),
    }));
    await writeJson(
      terminal.out,
      envelope('record', {
        ...statusJson({ status: stored.every(({ status }) => status === 'present') ? 'present' : 'recorded' }),
        ledger: path,
        ...(waiting === undefined ? {} : { waiting }),
        ...(incomplete === undefined ? {} : { incomplete }),
        responses: records,
        problems,
      }),
    );
  } else {
    for (const tracked of stored) await terminal.out.line(trackedLine(tracked));
  }
  for (const tool of new Set(responses.flatMap(({ unpricedTools }) => unpricedTools))) {
    await warn(terminal, t`The fee for ${tool} is not included in the cost: it has no known price.`);
  }
  for (const name of new Set(responses.flatMap(({ unknownCounts }) => unknownCounts))) {
    await warn(terminal, t`The response counts "${name}", which is not known here. The cost may be too low.`);
  }
  for (const { message } of problems) await warn(terminal, message);
  const added = stored.filter(({ status }) => status === 'recorded').length;
  if (problems.length > 0) await say(terminal, t`Recorded ${counted(added, 'response')}; the rest contains no usage.`);
  for (const text of [incomplete, waiting]) if (text !== undefined) await warn(terminal, text);
  return problems.length > 0 ? EXIT.failed : waiting === undefined ? EXIT.done : EXIT.waiting;
}

function refuseOtherFlags(flags: RecordFlags): void {
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || OWN.includes(name)) continue;
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usageError(t`${flag}: cannot be combined with --response, which contains it. Leave it out.`, flag);
  }
}

/** The responses in the text that `--response` names, at least one, each with the usage to record. */
async function recognised(flags: RecordFlags, stdin: Readable): Promise<Recognition & { usages: UsageInput[] }> {
  const { MAX_RESPONSE_TEXT, recogniseInTurns, usageOfResponse } = await import('../../prices/index.ts');
  const text = await read(flags.response ?? '-', stdin, MAX_RESPONSE_TEXT);
  const prices = await userPrices();
  const pricer = await prices.pricer();
  if (pricer === undefined)
    throw new CliError('prices', t`The price table cannot be read, and responses cannot be read without it.`);
  const found = await recogniseInTurns(text, pricer.table);
  if (found.responses.length === 0) {
    const [first] = found.problems;
    throw new CliError(
      first?.code ?? 'no-usage',
      t`${first?.message ?? t`No usage was found.`} Nothing was recorded. To record it by hand: llm-spend record --help`,
      { field: '--response' },
    );
  }
  return { ...found, usages: found.responses.map((response) => inputOf(response, flags, usageOfResponse)) };
}

/** The usage of a single response with the cost of `--cost-usd`, if given. */
function withCost(usages: readonly UsageInput[], flags: RecordFlags): readonly UsageInput[] {
  if (flags.costUsd === undefined) return usages;
  const cost = amount('--cost-usd', flags.costUsd);
  if (usages.length > 1) {
    throw usageError(
      t`--cost-usd: applies to a single response, but there are ${usages.length}. Leave it out.`,
      '--cost-usd',
    );
  }
  const { cost_known: _, ...input } = usages[0]!;
  return [{ ...input, cost_usd: cost }];
}

function notIncludedJson(response: RecognisedResponse | undefined): { not_included?: string[] } {
  const names = [...(response?.unpricedTools ?? []), ...(response?.unknownCounts ?? [])];
  return names.length === 0 ? {} : { not_included: names };
}

function inputOf(
  response: RecognisedResponse,
  { provider, model, operation, ...flags }: RecordFlags,
  usageOf: typeof UsageOfResponse,
): UsageInput {
  for (const [flag, given, found] of [
    ['--provider', provider, response.provider],
    ['--model', model, response.model],
  ] as const) {
    if (given === undefined && found === undefined) {
      throw usageError(t`${flag}: is required, because the response does not contain it.`, flag);
    }
  }
  const labels = LABELS.map((option) => [option.field, valueOf(flags, option)] as const);
  const given = Object.fromEntries(labels.filter(([, value]) => value !== undefined)) as Partial<UsageInput>;
  return { ...usageOf(response, { provider, model, operation }), ...given };
}

async function why(record: UsageRecord, flags: RecordFlags, terminal: Terminal): Promise<Unpriced | undefined> {
  if (record.cost_known) return undefined;
  const unpriced = await whyUnpriced(record, flags);
  await say(terminal, t`cost unknown: ${unpriced.message}`);
  return unpriced;
}

/** Reads the text of a file or of stdin. A file that is too large is refused without reading it. */
async function read(file: string, stdin: Readable, maxLength: number): Promise<string> {
  const tooLarge = (what: string): CliError =>
    new CliError('too-large', t`${what} is too large for a response (at most ${maxLength / 1e6} MB).`, {
      field: '--response',
    });
  // The size in bytes is never smaller than the length in UTF-16 units, which the limit counts.
  if (file !== '-') {
    try {
      const handle = await open(file, 'r');
      try {
        const stats = await handle.stat();
        if (stats.isDirectory()) throw new CliError('no-access', t`${file} is a folder.`, { field: '--response' });
        if (stats.size > maxLength) throw tooLarge(file);
        return textFromBytes(await handle.readFile());
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof CliError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'ENOENT' ? t`the file does not exist` : code === 'EACCES' ? t`access is denied` : message;
      throw new CliError('no-access', t`${file} cannot be read: ${reason}.`, { field: '--response' });
    }
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += (chunk as Buffer).length;
    if (size > maxLength) throw tooLarge('stdin');
    chunks.push(chunk as Buffer);
  }
  return textFromBytes(Buffer.concat(chunks));
}
