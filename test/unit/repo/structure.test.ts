import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, repository, repositoryFiles } from './files.ts';

const MAX_FILES = 20;

/** Folders above the limit today, with their number of files. An entry may only shrink or go. */
const LARGE_FOLDERS: Readonly<Record<string, number>> = {};

/** Exported names that several files of `src` declare today. An entry may only shrink or go. */
const SHARED_NAMES: Readonly<Record<string, number>> = {
  Batch: 2,
  Call: 2,
  Change: 2,
  Column: 2,
  Counts: 2,
  Entry: 2,
  Found: 3,
  Lookup: 2,
  MappedField: 2,
  Outcome: 2,
  Part: 2,
  Place: 2,
  Rebuilt: 2,
  Sink: 2,
  Source: 2,
  Unpriced: 2,
  elementsOf: 2,
  idOf: 2,
  migrate: 2,
  modelOf: 2,
  numberAt: 2,
  plain: 2,
  rebuild: 2,
  removeRecords: 2,
  replaceRecords: 2,
  settle: 2,
  timeOf: 2,
};

/** A name that every file of a folder exports by convention. */
const CONVENTIONS: Readonly<Record<string, string>> = {
  'src/cli/commands': 'command',
  'src/cli/commands/agents': 'command',
  'src/cli/commands/budget': 'command',
  'src/cli/commands/coverage': 'command',
  'src/cli/commands/live': 'command',
  'src/cli/commands/money': 'command',
  'src/cli/commands/prices': 'command',
  'src/cli/commands/run': 'command',
};

/** Files of other projects that comments name. */
const FILES_OF_OTHERS: ReadonlySet<string> = new Set(['docs/api.md']);

const files = repositoryFiles().filter((file) => existsSync(path.join(repository, file)));
const own = files.filter((file) => /^(src|media)\//.test(file));
const sources = own.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function above(counts: ReadonlyMap<string, number>, limit: number): Record<string, number> {
  return Object.fromEntries([...counts].filter(([, count]) => count > limit));
}

/** The names of files in a source's comments: TypeScript files, and pages of `docs`. */
function namedInComments(source: string): string[] {
  const comments = source.match(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm) ?? [];
  return comments.flatMap(
    (comment) => comment.match(/(?<![\w./*<>-])(?:[\w-]+\/)*[\w.-]*\w\.ts\b|\bdocs\/[\w/-]+\.md\b/g) ?? [],
  );
}

/** Names that a module declares and exports; a re-export declares nothing. */
function declaredExports(source: string): string[] {
  const declaration =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let|enum) (?<name>[\w$]+)/gm;
  return [...new Set([...source.matchAll(declaration)].map((match) => match.groups?.['name'] ?? ''))];
}

describe.skipIf(files.length === 0)('structure of src and media', () => {
  test('TypeScript files have camelCase names', () => {
    const others = sources.filter((file) => !/^[a-z][a-zA-Z0-9]*\.ts$/.test(path.posix.basename(file)));
    expect(others).toEqual([]);
  });

  test(`a folder has at most ${MAX_FILES} files`, () => {
    expect(above(countBy(own.map((file) => path.posix.dirname(file))), MAX_FILES)).toEqual(LARGE_FOLDERS);
  });

  test('a file that a comment names exists', () => {
    const endings = new Set(
      files.flatMap((file) => file.split('/').map((_, index, parts) => parts.slice(index).join('/'))),
    );
    const missing = sources.flatMap((file) =>
      namedInComments(readText(file))
        .filter((name) => !endings.has(name) && !FILES_OF_OTHERS.has(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('an exported name of src means one thing', () => {
    const names = sources
      .filter((file) => file.startsWith('src/'))
      .flatMap((file) =>
        declaredExports(readText(file)).filter((name) => name !== CONVENTIONS[path.posix.dirname(file)]),
      );
    expect(above(countBy(names), 1)).toEqual(SHARED_NAMES);
  });
});

test('no folder is created with the option `recursive`, which never ends in /proc: makeFolders of src/system/paths.ts does', () => {
  const found = sources.filter((file) => /\bmkdir(?:Sync)?\([^;]*recursive/.test(readText(file)));
  expect(found).toEqual([]);
});
