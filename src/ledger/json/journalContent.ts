import type { UsageRecord } from '../../usage/record.ts';
import { isUnreadable, readStored } from '../../usage/stored.ts';
import { readBeside } from '../../system/beside.ts';
import type { Disk } from '../../system/disk.ts';
import { slicer, steps } from '../../system/slices.ts';
import { LEAST_RECORD } from './elements.ts';

/**
 * A record that is not in the ledger yet. `text` is its element as it will be written to the file; `seen` is the number of the
 * last removal (see `undoLog.ts`) that its process knew when it was accepted: later removals may apply to it.
 */
export interface Entry {
  record: UsageRecord;
  text: string;
  seen: number;
}

/**
 * Fills the space after the lines. JSON contains no raw NUL, not even in strings, so a line that a power cut left incomplete
 * can never be mistaken for a record.
 */
const BLANK = 0;
const LINE_END = 0x0a;
const LINES_AT_ONCE = 64;

export interface JournalContent {
  entries: Entry[];
  /** Number of complete lines that are not entries: damage, to be kept aside. */
  bad: number;
}

/** Reads any process's journal. A last line without a line end was never acknowledged. undefined: the file does not exist. */
export async function readJournal(disk: Disk, path: string): Promise<JournalContent | undefined> {
  const bytes = await readBeside(disk, path);
  return bytes && steps(parseJournal(bytes), slicer());
}

/** Pauses between lines: of an import that ended early there may be tens of thousands. */
export function* parseJournal(bytes: Buffer): Generator<void, JournalContent> {
  const content: JournalContent = { entries: [], bad: 0 };
  let at = 0;
  for (let count = 1; ; count++) {
    if (count % LINES_AT_ONCE === 0) yield;
    while (bytes[at] === LINE_END) at++;
    const end = bytes.indexOf(LINE_END, at);
    if (end === -1) return content;
    const begun = bytes[at] !== BLANK;
    const line = end - at < LEAST_RECORD ? '' : bytes.toString('utf8', at, end);
    at = end + 1;
    // A whole line may follow blanks: those of lines that were settled, or of a disk that lost what was before.
    const entry = parseLine(begun ? line : line.replace(/^\0+/, ''));
    if (entry) content.entries.push(entry);
    // A line without its beginning was settled and is half blanked, or was never acknowledged and is incomplete.
    else if (begun) content.bad++;
  }
}

/** The dot must match everything: JSON may contain U+2028 and U+2029 unescaped, and they are not line ends here. */
const LINE = /^\{"seen":(\d+),"record":(\{.*\})\}$/s;

function parseLine(line: string): Entry | undefined {
  const match = LINE.exec(line);
  if (!match) return undefined;
  try {
    const record = readStored(JSON.parse(match[2]!), () => '');
    if (isUnreadable(record) || record.usage_id === '') return undefined;
    return { record, text: match[2]!, seen: Number(match[1]) };
  } catch {
    return undefined;
  }
}
