import { describe, expect, it } from 'vitest';
import { RecordSplitter, type Piece } from '../../../../src/cli/input/recordSplitter.ts';
import { JSON_KINDS } from '../../../fixtures/jsonKinds.ts';

/** Records from a stream: JSON as the engine judges it, and no text takes a sound record after it along. */

const SOUND = '{"provider":"p","model":"sound","operation":"o","input_tokens":7}';
const sound = JSON.parse(SOUND) as unknown;

function split(bytes: Uint8Array, size = bytes.length): Piece[] {
  const splitter = new RecordSplitter();
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(...splitter.push(bytes.subarray(at, at + size)));
  return [...pieces, ...splitter.end()];
}

const values = (pieces: readonly Piece[]): unknown[] =>
  pieces.flatMap((piece) => ('value' in piece ? [piece.value] : []));

const small = JSON_KINDS.filter(({ bytes }) => bytes.length < 2_000);
const member = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from('{"model":"m","x":'), bytes, Buffer.from('}')]);

describe('a stream', () => {
  it.each(JSON_KINDS)('$name does not hide the record behind it', ({ bytes }) => {
    for (const text of [bytes, member(bytes)]) {
      const pieces = split(Buffer.concat([text, Buffer.from(`\n${SOUND}\n`)]));
      expect(values(pieces)).toContainEqual(sound);
    }
  });

  it.each(JSON_KINDS)('$name as a member makes a record exactly if it is JSON', ({ bytes, parsed, isDeep }) => {
    const pieces = split(Buffer.concat([member(bytes), Buffer.from('\n')]));
    if (parsed === undefined) expect(pieces.filter((piece) => 'rule' in piece)).not.toEqual([]);
    else if (isDeep) expect(pieces.map((piece) => Object.keys(piece))).toEqual([['line', 'value']]);
    else expect(pieces).toEqual([{ line: 1, value: { model: 'm', x: parsed.value } }]);
  });

  it.each(small)('$name gives the same however it is cut', ({ bytes }) => {
    const text = Buffer.concat([bytes, Buffer.from('\n'), member(bytes), Buffer.from(`\n${SOUND}\n`)]);
    const whole = split(text);
    for (const size of [1, 2, 3, 7]) expect(split(text, size)).toEqual(whole);
  });
});
