import type { Readable } from 'node:stream';
import type { Ledger } from '../../ledger/ledger.ts';
import { LedgerError, type Tracked } from '../../ledger/results.ts';
import { once } from '../../usage/lazy/once.ts';
import { parseInput } from '../../usage/parseInput.ts';
import { isoNow, toJson, UsageError, type UsageInput } from '../../usage/record.ts';
import { jsonText } from '../../usage/jsonText.ts';
import { plain } from '../../usage/text.ts';
import { EXIT, SIGNAL_EXIT, usageError } from '../output/exit.ts';
import { failureJson, failureOf } from '../output/failure.ts';
import { writeJsonLine } from '../output/jsonOutput.ts';
import { chunks } from '../input/chunks.ts';
import { RecordSplitter, type Piece } from '../input/recordSplitter.ts';
import { withLedger } from '../arguments/ledgers.ts';
import { counted } from '../report/numbers.ts';
import { whyIncomplete, whyWaiting } from '../report/waiting.ts';
import { say, warn, type Terminal } from '../output/terminal.ts';
import type { RecordFlags } from '../arguments/recordFlags.ts';
import { statusJson, trackedLine } from './recordOne.ts';
import { t } from '../language/text.ts';

/** A record that was not stored: the reason, and its position in the input. */
interface Refusal {
  line: number;
  field: string;
  rule: string;
  value: unknown;
}

type Outcome = { tracked: Tracked } | { refused: Refusal };

/** Equal refusals in a row, of records that arrived together, that are answered one by one; the others share one answer. */
const MAX_EQUAL = 20;

/** Values in answers only need to be recognisable, so they are cut. */
const MAX_VALUE = 200;
/** JSON.parse takes any depth, JSON.stringify some thousand levels. */
const TOO_DEEP = t`a value that is nested too deep to be written again`;

/**
 * `llm-spend record --stdin`: reads records from a stream and answers each once it is durable.
 *
 * Records that arrive together become durable together, with one fsync; nothing waits for more input. A fast producer therefore
 * gets batches, and a slow one, which waits for each answer, gets it at once.
 */
export async function recordStream(flags: RecordFlags, terminal: Terminal, stdin: Readable): Promise<number> {
  refuseFlags(flags);
  const stop = new AbortController();
  let signal: keyof typeof SIGNAL_EXIT | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    signal = name === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await withLedger(flags, async (ledger) => {
      const answers = new Answers(terminal, flags.json === true);
      const splitter = new RecordSplitter();
      try {
        for await (const chunk of chunks(stdin, stop.signal)) await take(splitter.push(chunk), ledger, answers);
        if (signal === undefined) await take(splitter.end(), ledger, answers);
      } catch (error) {
        return await answers.abort(error);
      }
      if (signal !== undefined && splitter.pending)
        await say(terminal, t`${signal} interrupted a record, which was not recorded.`);
      const exitCode = await answers.finish(await whyWaiting(ledger), await whyIncomplete(ledger));
      return signal === undefined ? exitCode : SIGNAL_EXIT[signal];
    });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function refuseFlags(flags: RecordFlags): void {
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || ['stdin', 'json', 'ledger'].includes(name)) continue;
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usageError(t`${flag}: cannot be combined with --stdin. Put it in each record of the input.`, flag);
  }
}

/** Stores the records of the pieces, and answers them in order. */
async function take(pieces: readonly Piece[], ledger: Ledger, answers: Answers): Promise<void> {
  if (pieces.length === 0) return;
  const outcomes: (Outcome | undefined)[] = [];
  const inputs: UsageInput[] = [];
  const places: number[] = [];
  for (const [place, piece] of pieces.entries()) {
    const refused = refusalOf(piece);
    outcomes.push(refused);
    if (refused !== undefined || !('value' in piece)) continue;
    inputs.push(piece.value as UsageInput);
    places.push(place);
  }
  try {
    const stored = await ledger.trackWithStatus(inputs);
    for (const [i, tracked] of stored.entries()) outcomes[places[i] ?? 0] = { tracked };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // A record that only this ledger refuses made the whole batch fail; none of it has been written yet.
    for (const [i, input] of inputs.entries()) {
      const place = places[i] ?? 0;
      outcomes[place] = await trackOne(input, pieces[place]?.line ?? 0, ledger);
    }
  } finally {
    await answers.give(outcomes);
  }
}

async function trackOne(input: UsageInput, line: number, ledger: Ledger): Promise<Outcome> {
  try {
    const [tracked] = await ledger.trackWithStatus([input]);
    return { tracked: tracked! };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (error instanceof UsageError) {
      return { refused: { line, field: error.field, rule: error.rule, value: error.value } };
    }
    return { refused: { line, field: 'record', rule: error.message, value: undefined } };
  }
}

/** Whether the error concerns only this record, so that others may still be stored. */
function isRefusal(error: unknown): error is UsageError | LedgerError {
  return error instanceof UsageError || (error instanceof LedgerError && error.code === 'strict');
}

function refusalOf(piece: Piece): Outcome | undefined {
  if (!('value' in piece)) {
    return { refused: { line: piece.line, field: 'record', rule: piece.rule, value: piece.excerpt } };
  }
  const { value, line } = piece;
  const isNone = typeof value !== 'object' || value === null || Array.isArray(value);
  const error = isNone ? errorOfNone() : isEmpty(value) ? errorOfEmpty() : errorOf(value);
  if (error === undefined) return undefined;
  const { field, rule } = error;
  return { refused: { line, field, rule, value: isNone ? value : error.value } };
}

function errorOf(value: unknown): UsageError | undefined {
  // The stack of each refusal would take most of the time of a stream of them.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    parseInput(value, { id: () => 'not-yet', now: isoNow });
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Values that are no objects break the same rule, and so do empty objects: a stream of millions takes a third of the time. */
const errorOfNone = once(() => errorOf(null));
const errorOfEmpty = once(() => errorOf({}));

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

/** Reports each record's outcome, and a summary at the end. */
class Answers {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  #recorded = 0;
  #repeated = 0;
  #refused = 0;
  #lastId: string | undefined;

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  /**
   * Writes one line per outcome, and one for the rest of many equal refusals; a gap is a record whose fate {@link abort} reports.
   */
  async give(outcomes: readonly (Outcome | undefined)[]): Promise<void> {
    const written = { out: '', err: '' };
    let equal: Refusal[] = [];
    for (const outcome of outcomes) {
      if (outcome === undefined) continue;
      if ('refused' in outcome && isEqual(equal[0], outcome.refused)) {
        equal.push(outcome.refused);
        continue;
      }
      this.#giveRefusals(equal, written);
      equal = 'refused' in outcome ? [outcome.refused] : [];
      if ('tracked' in outcome) this.#giveTracked(outcome.tracked, written);
    }
    this.#giveRefusals(equal, written);
    await this.#terminal.err.write(written.err);
    await (this.#json ? this.#terminal.out.raw(written.out) : this.#terminal.out.write(written.out));
  }

  #giveTracked(tracked: Tracked, written: { out: string }): void {
    const { usage_id: id } = tracked.record;
    if (tracked.status === 'present') this.#repeated++;
    else this.#recorded++;
    this.#lastId = id;
    written.out += this.#json ? `${jsonText({ usage_id: id, ...statusJson(tracked) })}\n` : `${trackedLine(tracked)}\n`;
  }

  #giveRefusals(equal: readonly Refusal[], written: { out: string; err: string }): void {
    this.#refused += equal.length;
    for (const each of equal.slice(0, MAX_EQUAL)) {
      const refusal = refusalJson(each);
      if (this.#json) written.out += `${jsonText(refusal)}\n`;
      else written.err += `llm-spend: ${t`line ${refusal.line} was refused: ${plain(refusal.error)}`}\n`;
    }
    const [first, last] = [equal[MAX_EQUAL], equal.at(-1)];
    if (first === undefined || last === undefined) return;
    const { line, field, rule } = first;
    const records = equal.length - MAX_EQUAL;
    const error = `${field}: ${rule}`;
    if (this.#json) {
      const rest = { line, status: 'refused', field, rule, last_line: last.line, records, error };
      written.out += `${jsonText(rest)}\n`;
    } else {
      const text = t`lines ${line} to ${last.line}: ${counted(records, 'record')} more refused: ${plain(error)}`;
      written.err += `llm-spend: ${text}\n`;
    }
  }

  /** @param waiting why recorded usage cannot be written to the ledger's file. */
  async finish(waiting: string | undefined, incomplete: string | undefined): Promise<number> {
    const repeated = this.#repeated > 0 ? t`, found ${counted(this.#repeated, 'record')} already recorded` : '';
    const refused = this.#refused > 0 ? t`, refused ${counted(this.#refused, 'record')}` : '';
    await say(this.#terminal, t`Recorded ${counted(this.#recorded, 'record')}${repeated}${refused}.`);
    for (const text of [incomplete, waiting]) if (text !== undefined) await warn(this.#terminal, text);
    if (this.#refused > 0 || this.#terminal.out.closed) return EXIT.failed;
    return waiting === undefined ? EXIT.done : EXIT.waiting;
  }

  /** Reports that the ledger stopped accepting records: acknowledged records are safe, all later ones are not recorded. */
  async abort(error: unknown): Promise<number> {
    const failure = failureOf(error);
    const last = this.#lastId === undefined ? '' : t`, the last one ${this.#lastId}`;
    const message = t`${failure.message} ${counted(this.#recorded + this.#repeated, 'record')} had been recorded${last}; records that were not acknowledged are not recorded: send them again.`;
    if (this.#json) await writeJsonLine(this.#terminal.out, failureJson({ ...failure, message }));
    await say(this.#terminal, message);
    return failure.exitCode;
  }
}

function isEqual(first: Refusal | undefined, { field, rule }: Refusal): boolean {
  return first?.field === field && first.rule === rule;
}

function refusalJson({ line, field, rule, value }: Refusal): {
  line: number;
  status: 'refused';
  field: string;
  rule: string;
  value: unknown;
  error: string;
} {
  const text = toJson(value);
  const long = text !== undefined && text.length > MAX_VALUE;
  const short = long ? `${typeof value === 'string' ? value.slice(0, MAX_VALUE) : text.slice(0, MAX_VALUE)}…` : value;
  const got = long ? JSON.stringify(short) : (text ?? (value === undefined ? t`nothing` : TOO_DEEP));
  return {
    line,
    status: 'refused',
    field,
    rule,
    value: text === undefined ? null : short,
    error: t`${field}: ${rule} (got ${got})`,
  };
}
