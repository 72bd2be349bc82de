import { createHash } from 'node:crypto';

/**
 * Answers of a version of LLM Spend about a ledger: from the version that wrote a golden file when the file is made, and from
 * today's code in the tests. Only features common to all versions are used, so the library's interface is declared here instead
 * of imported.
 */

export interface Library {
  CostTracker: new (options: { ledger: string; pricing: false }) => Tracker;
}

interface Tracker {
  aggregate(query: {
    filter: { search?: string };
    groupBy: string[];
    calendar: { timeZone: string; firstDayOfWeek: number };
  }): Promise<{ key: (string | null)[]; totals: Record<string, number | bigint> }[]>;
  read(): Promise<{ usage_id: string }[]>;
  verify(): Promise<{
    health: string;
    records: number;
    unreadable: number;
    problems: { code: string; severity: string }[];
  }>;
  undo(): Promise<{ undone: string; records: number } | undefined>;
  close(): Promise<void>;
}

/** The groupings of version 0.1.0. */
const GROUPINGS = [
  ['provider'],
  ['model'],
  ['operation'],
  ['project'],
  ['branch'],
  ['session'],
  ['tag'],
  ['source'],
  ['episode'],
  ['cost'],
  ['month'],
  ['provider', 'model', 'week'],
];

/** Longer lists are stored as a hash. */
const MOST_LINES = 30;

export interface Answers {
  verify: { health: string; records: number; unreadable: number; errors: string[] };
  groups: Record<string, string[]>;
  records: { count: number; ids: string; contents: string };
  /** One entry per undo, until there is nothing left to undo. */
  undo: { undone: string; records: number; total: string; contents: string }[];
}

/** Modifies the ledger: undoes everything that can be undone. */
export async function answersOf({ CostTracker }: Library, path: string): Promise<Answers> {
  const tracker = new CostTracker({ ledger: path, pricing: false });
  try {
    const { health, records, unreadable, problems } = await tracker.verify();
    const answers: Answers = {
      verify: {
        health,
        records,
        unreadable,
        errors: problems.flatMap(({ code, severity }) => (severity === 'error' ? [code] : [])),
      },
      groups: {},
      records: await recordsOf(tracker),
      undo: [],
    };
    for (const groupBy of GROUPINGS) {
      const lines = await groups(tracker, groupBy);
      answers.groups[groupBy.join()] = lines.length > MOST_LINES ? [`${lines.length} groups: ${hash(lines)}`] : lines;
    }
    answers.groups['search'] = await groups(tracker, [], 'GPT');
    for (let undone = await tracker.undo(); undone !== undefined; undone = await tracker.undo()) {
      const [total = ''] = await groups(tracker, []);
      const { contents } = await recordsOf(tracker);
      answers.undo.push({ undone: undone.undone, records: undone.records, total, contents });
    }
    return answers;
  } finally {
    await tracker.close();
  }
}

/** Each group as one line: its key, then its totals by name. */
async function groups(tracker: Tracker, groupBy: string[], search?: string): Promise<string[]> {
  const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
  const filter = search === undefined ? {} : { search };
  const found = await tracker.aggregate({ filter, groupBy, calendar });
  return found.map(({ key, totals }) => {
    const fields = Object.entries(totals).filter(([, value]) => value !== 0 && value !== 0n);
    return `${JSON.stringify(key)} ${fields.map(([name, value]) => `${name}=${value}`).join(' ')}`;
  });
}

async function recordsOf(tracker: Tracker): Promise<Answers['records']> {
  const records = await tracker.read();
  // Sorted by id, since versions may restore records at different positions.
  const sorted = records.toSorted((a, b) => (a.usage_id < b.usage_id ? -1 : 1));
  return { count: records.length, ids: hash(sorted.map(({ usage_id }) => usage_id)), contents: hash(sorted) };
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
