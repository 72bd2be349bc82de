import * as fc from 'fast-check';
import { isUtf8 } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Members } from '../../../../src/sources/reading/members/index.ts';
import { runs } from '../../../long.ts';

const COMPILER = fileURLToPath(new URL('../../../../scripts/wasm.mjs', import.meta.url));
const PATHS = ['id', 'time', 'message.id', 'message.usage', 'message.usage.input', 'message.usage.inner.count', 'long'];
/** Of these also what is within is wanted. */
const OBJECTS = ['message.usage'];
const NAMES = ['id', 'time', 'message', 'usage', 'input', 'inner', 'count', 'long', 'other', 'i', 'ids', ''];

/** Bytes of the scanner's memory that a line may have: all but its tables, and what it writes behind the line. */
const ROOM = 131 * 65_536 - 131_072 - 16;

/** A line of so many bytes. */
function lineOf(bytes: number): string {
  const [start, end] = ['{"id":"x","other":"', '"}'];
  return `${start}${'y'.repeat(bytes - start.length - end.length)}${end}`;
}

/** What the engine's parser makes of a text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) found = isFields(found) ? found[name] : undefined;
  return found;
}

/** Reads it both ways. */
function compare(members: Members, bytes: Buffer): void {
  const whole = parsed(bytes.toString());
  const isRead = members.read(bytes);
  expect([bytes.toString(), isRead]).toEqual([bytes.toString(), isFields(whole)]);
  if (!isRead) return;
  for (const [i, path] of PATHS.entries()) {
    const wanted = at(whole, path);
    expect(members.has(i), path).toBe(wanted !== undefined);
    expect(members.value(i), path).toEqual(wanted);
    if (OBJECTS.includes(path)) expect(members.isObject(i), path).toBe(isFields(wanted));
  }
}

// JSON as somebody else may write it: spaces, escapes where none are needed, a name twice, deep and long things.

const space = fc.constantFrom('', '', '', ' ', '\n', '\t \r');
const character = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...Array.from('abc ,:[]{}"\\/\u0000\u001f\n\u007f')) },
  fc.constantFrom('ü', '€', '😀', '\u2028', '\ud800'),
);
const string = fc.array(character, { maxLength: 40 }).map((all) => JSON.stringify(all.join('')));
const longString = fc
  .tuple(fc.nat(300), fc.constantFrom('"', 'x', '\u00fc'))
  .map(([length, last]) => JSON.stringify('long text of some words '.repeat(13).slice(0, length) + last));
const escaped = fc
  .array(fc.nat(0xffff), { maxLength: 8 })
  .map((units) => `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`);
const number = fc.oneof(
  fc.nat().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '0',
    '-0',
    '123456789',
    '1234567890',
    '3000000000',
    '9999999999',
    '9007199254740993',
    '1e3',
    '-1.5E-7',
    '0.0e+0',
  ),
);
const scalar = fc.oneof(string, longString, escaped, number, fc.constantFrom('true', 'false', 'null'));
const name = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...NAMES).map((text) => JSON.stringify(text)) }, string);
const { value, object } = fc.letrec<{ value: string; object: string; array: string; member: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie('object'), tie('array')),
  member: fc
    .tuple(space, name, space, space, tie('value'), space)
    .map(([a, own, b, c, of, d]) => `${a}${own}${b}:${c}${of}${d}`),
  object: fc.tuple(fc.array(tie('member'), { maxLength: 6 }), space).map(([all, gap]) => `{${all.join(',') || gap}}`),
  array: fc.array(tie('value'), { maxLength: 4 }).map((all) => `[${all.join(' ,')}]`),
}));
/** Most with what is wanted in its place. */
const usage = fc
  .record({ id: scalar, input: number, inner: value, rest: object })
  .map(({ id, input, inner, rest }) => `{"id":${id},"usage":{"input":${input},"inner":${inner}},"other":${rest}}`);
const line = fc.oneof(
  object,
  fc.tuple(object, usage).map(([rest, message]) => `{"message":${message},"other":${rest},"id":"same id"}`),
  fc.tuple(usage, usage).map(([one, two]) => `{"message":${one},"message":${two}}`),
);

describe('the members of a line', () => {
  test('the checked-in program is what its source compiles to', () => {
    const { status, stderr } = spawnSync(process.execPath, [COMPILER, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('are what the engine makes of them', () => {
    const members = new Members(PATHS);
    fc.assert(
      fc.property(line, (text) => compare(members, Buffer.from(text))),
      { numRuns: runs(300) },
    );
  });

  test('of a line with a byte changed, gone or added, too', () => {
    const members = new Members(PATHS);
    const bytes = fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:\\ue0129.-+x\n\u0000')), fc.nat(127));
    fc.assert(
      fc.property(line, fc.nat(), fc.constantFrom('set', 'remove', 'add', 'cut'), bytes, (text, where, what, byte) => {
        const whole = Buffer.from(text);
        const spot = where % whole.length;
        const end = what === 'cut' ? whole.length : what === 'add' ? spot : spot + 1;
        const middle = what === 'set' || what === 'add' ? [byte] : [];
        const changed = Buffer.concat([whole.subarray(0, spot), Buffer.from(middle), whole.subarray(end)]);
        // Whoever hands it over has seen to that.
        fc.pre(isUtf8(changed));
        compare(members, changed);
      }),
      { numRuns: runs(600) },
    );
  });

  test('a text is told anew after a line in which nobody asked for it', () => {
    const members = new Members(PATHS);
    const id = (text: string): boolean => members.read(Buffer.from(JSON.stringify({ id: text })));
    id('first');
    expect(members.value(0)).toBe('first');
    id('other');
    id('first');
    expect(members.value(0)).toBe('first');
    id('other');
    id('other');
    expect(members.value(0)).toBe('other');
  });

  test.each([
    ['deeper than it follows', `{"deep":${'['.repeat(200)}${']'.repeat(200)},"id":"x"}`],
    ['deeper than that, and not closed', `{"deep":${'['.repeat(200)}${']'.repeat(199)},"id":"x"}`],
    ['with a name in escapes', String.raw`{"\u0069d":"x","message":{"\u0075sage":{"input":1}}}`],
    ['longer than its memory', lineOf(9_000_000)],
    ['as long as its memory', lineOf(ROOM)],
    ['a byte longer', lineOf(ROOM + 1)],
  ])('%s', (_, text) => compare(new Members(PATHS), Buffer.from(text)));

  test('a long line leaves nothing for the short one after it', () => {
    const members = new Members(PATHS);
    compare(members, Buffer.from(JSON.stringify({ id: 'x', other: '"'.repeat(3_000) })));
    for (const text of ['{"id":"x', '{"id":', '{"id"', '{', '{"id":tru', '{"id":1', '{"id":"\\u00', '', ' '])
      compare(members, Buffer.from(text));
  });

  test('more than there is room for is refused', () => {
    expect(() => new Members(Array.from({ length: 300 }, (_, i) => `member${i}`))).toThrow(RangeError);
  });
});

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test('the engine reads them all', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    const { Members: Plain } = await import('../../../../src/sources/reading/members/index.ts');
    const members = new Plain(PATHS);
    for (const text of ['{"id":"x","message":{"usage":{"input":1}}}', '{"id":', '[]', '{"message":{"usage":1}}'])
      compare(members, Buffer.from(text));
  });
});
