import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { GIT_GROUPINGS } from '../../../../src/git/gitGroups.ts';
import { ASSIGNED_FIELDS } from '../../../../src/rules/rule.ts';
import { DIMENSIONS, FIELD_DIMENSIONS } from '../../../../src/usage/dimensions.ts';
import { fieldRow } from '../../../../src/usage/fieldLists.ts';
import { FIELDS } from '../../../../src/usage/fields.ts';
import { BUCKETS } from '../../../../src/usage/query.ts';
import { repository } from '../../repo/files.ts';
import { LAYERS } from '../../repo/layers.ts';

/** Finds the texts of the command in its sources. */

/** A text between quotes: its English key, with `{0}` for values, and the code before it. */
export interface Quoted {
  key: string;
  before: string;
}

/**
 * All quoted texts of a source, also those inside of the values of others. Texts that `+` joins are one. Comments are left out.
 */
export function quotedTexts(source: string): Quoted[] {
  const found: (Quoted & { values: number })[] = [];
  let at = 0;
  let code = '';
  /** The text to which the one that begins here is added. */
  const joined = (): Quoted & { values: number } => {
    const last = found.at(-1);
    if (last !== undefined && /(?:``|''|"")\s*\+\s*$/.test(code)) return last;
    return { key: '', before: code, values: 0 };
  };
  const keep = (one: Quoted & { values: number }): void => {
    if (!found.includes(one)) found.push(one);
  };
  const plainText = (quote: string): void => {
    const one = joined();
    for (at++; source[at] !== quote; at++) one.key += source[at] === '\\' ? escaped() : source[at];
    at++;
    keep(one);
    code += quote + quote;
  };
  const escaped = (): string => {
    const next = source[++at]!;
    if (next !== 'u') return ({ n: '\n', r: '\r', t: '\t', 0: '\0' } as Record<string, string>)[next] ?? next;
    at += 4;
    return String.fromCharCode(Number.parseInt(source.slice(at - 3, at + 1), 16));
  };
  const template = (): void => {
    const before = code;
    const one = joined();
    for (at++; source[at] !== '`'; at++) {
      if (source.startsWith('${', at)) {
        at += 2;
        code += '${';
        run('}');
        one.key += `{${one.values++}}`;
      } else one.key += source[at] === '\\' ? escaped() : source[at];
    }
    at++;
    keep(one);
    code = `${before}\`\``;
  };
  /** Reads code up to a bracket that closes the one before it. */
  const run = (end: string): void => {
    let depth = 0;
    while (at < source.length) {
      const char = source[at]!;
      if (source.startsWith('//', at)) at = Math.max(at, source.indexOf('\n', at));
      else if (source.startsWith('/*', at)) at = source.indexOf('*/', at) + 2;
      else if (char === '/' && /[(,=:[!&|?{};\n]\s*$|^\s*$|return $/.test(code)) expression();
      else if (char === "'" || char === '"') plainText(char);
      else if (char === '`') template();
      else {
        if (char === end && depth === 0) return;
        if (char === '{') depth++;
        if (char === '}') depth--;
        code += char;
        at++;
      }
    }
  };
  const expression = (): void => {
    let isClass = false;
    for (at++; source[at] !== '/' || isClass; at++) {
      if (source[at] === '\\') at++;
      else if (source[at] === '[') isClass = true;
      else if (source[at] === ']') isClass = false;
    }
    at++;
    code += '/x/';
  };
  run('');
  return found.map(({ key, before }) => ({ key, before: before.slice(-200) }));
}

/** Sentences of commander, as `commanderFailure` in `runCommand.ts` words them. */
const COMMANDER = [
  "Missing required argument '{0}'.",
  "Option '{0}' argument missing.",
  "Unknown option '{0}'.",
  "Unknown command '{0}'.",
  "Too many arguments for '{0}'. Expected {1} arguments but got {2}.",
  "Too many arguments for '{0}'. Expected {1} argument but got {2}.",
  'Did you mean {0}?',
  'Did you mean one of {0}?',
];

/** Texts that are passed by their key. */
function tableTexts(): string[] {
  const groupings = [...BUCKETS, 'block', ...DIMENSIONS, ...GIT_GROUPINGS].map((name) =>
    name === 'pr' ? 'Pull request' : name.charAt(0).toUpperCase() + name.slice(1),
  );
  const filters = FIELD_DIMENSIONS.map(({ label, filter }) => filter?.help ?? `only this ${label.toLowerCase()}`);
  const assigned = ASSIGNED_FIELDS.flatMap((field) => {
    const row = fieldRow(field);
    return row?.flag === undefined || row.rule === 'tags' ? [] : [`set the ${row.label.toLowerCase()}`];
  });
  const breakdowns = ['provider', 'operation', 'model', 'episode', 'project', 'session'].map((name) => `By ${name}`);
  const flags = FIELDS.flatMap((row) => ('flag' in row ? [row.flag.help] : []));
  const rates = ['input', 'cache read', 'cache write', 'cache write 1h', 'output', 'reasoning'];
  const labels = ASSIGNED_FIELDS.map((field) => fieldRow(field)?.label ?? field);
  return [
    ...groupings,
    ...filters,
    ...assigned,
    ...breakdowns,
    ...flags,
    ...rates,
    ...labels,
    'project',
    'model',
    ...WINDOWS,
  ];
}

/** The names of a plan's windows that are words. */
const WINDOWS = ['day', 'week', 'month'];

/** @param folder such as `src/cli`. */
export function sourcesByName(folder: string): { name: string; source: string }[] {
  const names = readdirSync(path.join(repository, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({
      name: path.posix.join(folder, name.replaceAll(path.sep, '/')),
      source: readFileSync(path.join(repository, folder, name), 'utf8'),
    }));
}

function sourcesIn(folder: string): string[] {
  return sourcesByName(folder).map(({ source }) => source);
}

/** The English texts of the command itself, by the way they are written in `src/cli`. */
export function commandTexts(): string[] {
  const sources = sourcesIn('src/cli');
  const written = sources
    .flatMap((source) => quotedTexts(source))
    .filter(({ before }) => /(?<![\w$.])t$|\b(?:help|summary): *$/.test(before))
    .map(({ key }) => key);
  const counts = sources.flatMap((source) =>
    [...source.matchAll(/\bcounted\([^'`;]*?'([^']+)'(?:, '([^']+)')?/g)].flatMap(([, one = '', many = `${one}s`]) => [
      `{0} ${one}`,
      `{0} ${many}`,
    ]),
  );
  return [...new Set([...written, ...counts, ...tableTexts()])].filter((text) => text !== '').toSorted();
}

/** All quoted texts of other layers, some of which are messages that the command prints, and those of commander. */
export function otherTexts(): ReadonlySet<string> {
  const quoted = LAYERS.flatMap(sourcesIn).flatMap((source) => quotedTexts(source).map(({ key }) => key));
  return new Set([...quoted, ...COMMANDER]);
}

/** Headings of columns: a long one would take the room of others. */
export function columnTitles(): string[] {
  const titles = sourcesIn('src/cli').flatMap((source) => [...source.matchAll(/\btitle: t`([^`$]+)`/g)]);
  return [...new Set(titles.map(([, title = '']) => title))];
}

export function commandNames(): string[] {
  const source = readFileSync(path.join(repository, 'src/cli/program.ts'), 'utf8');
  return [...source.matchAll(/\['(\w+)', \(\) => import/g)].map(([, name = '']) => name);
}

/** Texts that are printed or thrown in English only, because they are not marked by `t`. */
export function unmarkedTexts(): string[] {
  const printed = /(?:\busageError\(|new CliError\('[\w-]+', |\b(?:say|warn)\([\w.#]+, |\.(?:out|err)\.line\()\s*$/;
  return sourcesIn('src/cli')
    .flatMap((source) => quotedTexts(source))
    .filter(({ key, before }) => printed.test(before) && /\p{L}{2,} /u.test(key) && !key.startsWith('llm-spend'))
    .map(({ key }) => key);
}
