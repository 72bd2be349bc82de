import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/** Damages to one value in an agent's files: lines, documents, databases (and documents in their columns) and CSV. */

export interface Damage {
  /** The file, the way to the value, and its new text. */
  label: string;
  /** The name of the damaged value; empty for a whole line or document. */
  name: string;
  file: string;
  apply: () => void;
}

const MARK = '@damaged@';
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
/** JSON texts in place of a value. All have content, so none could mean "no usage here". */
const TEXTS = [
  '1e300',
  '1e999',
  '-1e999',
  '9.3e9',
  '-5',
  '1.5',
  '9007199254740993',
  '8640000000000001',
  '253402300800000',
  'true',
  '"x"',
  '[7]',
  '[[1]]',
  '"+010000-01-01T00:00:00Z"',
  '"2026-02-30T00:00:00Z"',
  '"\\ud800"',
  '"\\u0000"',
  deep(200),
  deep(60_000),
  `"${'x'.repeat(20_000)}"`,
];
const COLUMN_VALUES: SQLInputValue[] = [
  null,
  9_007_199_254_740_993n,
  9_223_372_036_854_775_807n,
  -5,
  1.5,
  1e300,
  Infinity,
  253_402_300_800_000,
  '',
  'x',
  '\0',
  '1e999',
  '2026-02-30T00:00:00Z',
  '+010000-01-01T00:00:00Z',
  'x'.repeat(20_000),
  new Uint8Array([0xff, 0xfe, 0]),
  new Uint8Array(0),
];
const CELLS = ['1e300', '1e999', '-5', '1.5', '9007199254740993', 'x', 'a b', '\0', '2026-02-30T00:00:00Z', '$-1'];

type Path = readonly (string | number)[];

export function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).sort();
}

export function damagesOf(file: string): Damage[] {
  const bytes = readFileSync(file);
  if (bytes.toString('latin1', 0, 6) === 'SQLite') return inDatabase(file);
  if (file.endsWith('.csv')) return inTable(file, bytes.toString());
  if (!file.includes('.jsonl'))
    return inDocument(file, JSON.parse(bytes.toString()), (text) => writeFileSync(file, text));
  const lines = bytes.toString().trimEnd().split('\n');
  return oneOfEach(lines, (line) => pathsIn(JSON.parse(line)).map(shapeOf).join()).flatMap((at) =>
    inDocument(file, JSON.parse(lines[at]!), (text) =>
      writeFileSync(file, `${lines.map((line, i) => (i === at ? text : line)).join('\n')}\n`),
    ),
  );
}

function inDocument(file: string, document: unknown, write: (text: string) => void): Damage[] {
  const paths = pathsIn(document);
  return oneOfEach(paths, shapeOf).flatMap((at) => {
    const path = paths[at]!;
    const name = path.findLast((part) => typeof part === 'string') ?? '';
    return TEXTS.map((text) => ({
      label: `${file} ${shapeOf(path)} := ${text.slice(0, 30)}`,
      name,
      file,
      apply: () => write(replaced(document, path, text)),
    }));
  });
}

function inDatabase(file: string): Damage[] {
  const database = new DatabaseSync(file);
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const damages = tables.flatMap((table) => {
    const rows = database.prepare(`SELECT rowid AS row_number, * FROM ${String(table['name'])}`).all();
    const { row_number: number, ...row } = rows[Math.floor(rows.length / 2)]!;
    return Object.entries(row).flatMap(([column, old]) => {
      const set = (value: SQLInputValue): void => {
        const opened = new DatabaseSync(file);
        opened.prepare(`UPDATE ${String(table['name'])} SET ${column} = ? WHERE rowid = ?`).run(value, number!);
        opened.close();
      };
      const label = `${file} ${String(table['name'])}.${column}`;
      const values = COLUMN_VALUES.map((value) => {
        const shown = typeof value === 'object' ? 'bytes' : String(value).slice(0, 30);
        return { label: `${label} := ${shown}`, name: column, file, apply: () => set(value) };
      });
      const isBlob = old instanceof Uint8Array;
      const text = isBlob ? Buffer.from(old).toString() : String(old);
      if (!text.startsWith('{')) return values;
      const inside = inDocument(label, JSON.parse(text), (json) => set(isBlob ? Buffer.from(json) : json));
      return [...values, ...inside.map((damage) => ({ ...damage, file }))];
    });
  });
  database.close();
  return damages;
}

function inTable(file: string, text: string): Damage[] {
  const rows = text.trimEnd().split('\n');
  const at = Math.floor(rows.length / 2);
  const names = rows[0]!.split(',');
  return names.flatMap((name, i) =>
    CELLS.map((cell) => ({
      label: `${file} ${name} := ${cell}`,
      name,
      file,
      apply: () => {
        const cells = rows[at]!.split(',').map((old, j) => (j === i ? cell : old));
        writeFileSync(file, `${rows.map((row, j) => (j === at ? cells.join(',') : row)).join('\n')}\n`);
      },
    })),
  );
}

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value) ? value.map((each, i) => [i, each] as const) : Object.entries(value);
  return [path, ...inner.flatMap(([key, each]) => pathsIn(each, [...path, key]))];
}

/** Equal for the same value of another entry. */
function shapeOf(path: Path): string {
  return path.map((part) => (typeof part === 'number' ? '*' : /call-\d+$/.test(part) ? 'CALL' : part)).join('.');
}

/** The index of the middle one of the values of each kind. */
function oneOfEach<T>(values: readonly T[], kindOf: (value: T) => string): number[] {
  const byKind = Map.groupBy(values.keys(), (i) => kindOf(values[i]!));
  return [...byKind.values()].map((indexes) => indexes[Math.floor(indexes.length / 2)]!);
}

function replaced(document: unknown, path: Path, text: string): string {
  if (path.length === 0) return text;
  const copy = structuredClone(document) as Record<string | number, unknown>;
  const parent = path.slice(0, -1).reduce((at, part) => at[part] as typeof copy, copy);
  parent[path.at(-1)!] = MARK;
  return JSON.stringify(copy).replace(`"${MARK}"`, () => text);
}
