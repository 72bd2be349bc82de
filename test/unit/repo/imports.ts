/** One import of a source file. `line` is 1-based. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

const FORMS = [
  // import x from 'y'; import type { x } from 'y'; export * from 'y';
  /^[ \t]*(?:import|export)\b[^;'"]*?\bfrom\s*(['"])(?<specifier>[^'"]+)\1/gm,
  // import 'y';
  /^[ \t]*import\s*(['"])(?<specifier>[^'"]+)\1/gm,
  // import('y'), also in types; not in comments, where a line starts with an asterisk or two slashes.
  /^(?![ \t]*(?:\*|\/\/|\/\*)).*?\bimport\(\s*(['"])(?<specifier>[^'"]+)\1/gm,
  // require('y')
  /^(?![ \t]*(?:\*|\/\/|\/\*)).*?\brequire\(\s*(['"])(?<specifier>[^'"]+)\1/gm,
];

/** What a TypeScript source imports, in the order of its lines. */
export function importsOf(source: string): Import[] {
  return FORMS.flatMap((form) =>
    [...source.matchAll(form)].map((match) => {
      const specifier = match.groups?.['specifier'] ?? '';
      const position = match.index + match[0].lastIndexOf(specifier);
      return { specifier, line: source.slice(0, position).split('\n').length };
    }),
  ).toSorted((a, b) => a.line - b.line);
}
