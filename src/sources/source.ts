import type { UsageRecord } from '../usage/record.ts';

/**
 * What a source is: a tool that leaves its usage on the disk, and how to read it. One folder of `src/sources` holds one
 * source; `agents.ts` lists them. CONTRIBUTING.md shows how to add one.
 */

/** What a source may look at to find its files; passed in by tests. */
export interface SourceEnvironment {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  /** The home folder, absolute. */
  home: string;
}

/** A usage as a log tells it: a record whose cost is still to be computed. */
export interface FoundUsage {
  /** Its `usage_id` is derived from what the log says, so that the same usage has the same one on every machine. */
  record: UsageRecord;
  /** USD that the log itself names: used where no price is known. */
  loggedCost?: number | undefined;
  /** Its cost is somebody's word already, also where that says unknown. */
  isPriced?: boolean | undefined;
}

export type SkipReason =
  | 'not-json'
  | 'not-csv'
  | 'invalid-utf8'
  | 'too-long'
  | 'no-time'
  | 'not-a-usage'
  | 'invalid'
  | 'unreadable'
  | 'unreadable-folder'
  | 'link'
  | 'replaced-while-read'
  | 'future-time';

/** Something that was left out, or deserves a look. `future-time` alone is imported nevertheless. */
export interface Skip {
  reason: SkipReason;
  file: string;
  /** 1-based; undefined where the file as a whole is meant. */
  line?: number | undefined;
  /** For people: what stood there. */
  detail?: string | undefined;
}

/** A file that a source reads. */
export interface SourceFile {
  /** Absolute. */
  path: string;
  /** From the folder that {@link Source.locate} named, with `/`; the file's own name where that was a file. */
  relative: string;
  /** ms since the epoch. */
  modifiedAt: number;
  /** Bytes. */
  size: number;
  /** What tells this version of it from others. */
  version: string;
}

/** Where a parser puts what it finds. */
export interface Sink {
  /** @param line 1-based, as for {@link skip}. */
  usage(found: FoundUsage, line?: number): void;
  /** @param line 1-based; not needed by a parser of lines, whose line is known. */
  skip(reason: SkipReason, detail?: string, line?: number): void;
}

/** JSON that a parser needs to go on where an earlier one stopped. */
export type ParserState = null | string | number | boolean | ParserState[] | { [key: string]: ParserState };

/** Reads one file, line by line. */
export interface LineParser {
  /**
   * One complete line, without its end, of those that hold one of {@link LineReading.markers}.
   * @param offset where it begins in the file, in bytes.
   */
  line(bytes: Buffer, sink: Sink, offset: number): void;
  /**
   * The file ends here for now: tells what was held back for what might have followed. Nothing is read after it.
   * @param isQuiet nobody has written for a while.
   * @returns true when something is still held back, so that the file is to be looked at again although it is the same.
   */
  end?(sink: Sink, isQuiet: boolean): boolean;
  /** What {@link LineReading.parser} needs to go on after the lines so far. */
  state(): ParserState;
}

/** A file of lines that grows at its end. Read on from where the last import stopped. */
export interface LineReading {
  kind: 'lines';
  /** A line without any of these texts is not looked at. Empty: every line is. */
  markers: readonly string[];
  parser(file: SourceFile, state: ParserState | undefined): LineParser;
}

/** A file that is read anew whenever it changed. */
export interface WholeReading {
  kind: 'whole';
  /** @param room awaited now and then by whoever reads a lot, so that what was found can be stored. */
  read(file: SourceFile, sink: Sink, room: () => Promise<void>): Promise<void> | void;
}

export interface Source {
  /** As it stands on the command line and in settings: `claude-code`. */
  readonly id: string;
  /** For people: `Claude Code`. */
  readonly title: string;
  /** The folders (or files) that would be read, whether they are there or not. */
  locate(environment: SourceEnvironment): string[];
  /** Whether a file below such a folder is one of its logs. `relative` has `/`. */
  matches(relative: string): boolean;
  /** Files that are all of them known: leaves out those that another one of them stands for, and puts them in order. */
  choose?(files: SourceFile[]): SourceFile[];
  reading(file: SourceFile): LineReading | WholeReading;
  /** Of two tellings of a usage the later one counts, so that its files are read in their order and by one thread. */
  readonly lastCounts?: boolean;
  /**
   * What to store of a usage, given what is stored: records that are new or say something else now. `get` finds a
   * record by its id. Whatever the order in which usages are seen, the same must come of them, unless
   * {@link lastCounts}.
   */
  settle(candidate: UsageRecord, get: Lookup): readonly UsageRecord[];
}

export type Lookup = (usageId: string) => UsageRecord | undefined;

/** How most sources settle: one record for one id, the preferred of the two. */
export function keepPreferred(
  candidate: UsageRecord,
  get: Lookup,
  prefers: (candidate: UsageRecord, there: UsageRecord) => boolean,
): readonly UsageRecord[] {
  const there = get(candidate.usage_id);
  return there === undefined || prefers(candidate, there) ? [candidate] : [];
}
