import { beforeAll, describe, expect, it } from 'vitest';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable, type PriceTable } from '../../../../src/pricing/table.ts';
import { JSON_KINDS } from '../../../fixtures/jsonKinds.ts';

/** Responses that a person pastes: JSON as the engine judges it, and no text takes a sound response beside it along. */

let table: PriceTable;
beforeAll(() => {
  table = loadPriceTable();
});

const response = (id: string, x = 'null'): string =>
  `{"id":"${id}","object":"chat.completion","model":"gpt-5","x":${x},"usage":{"prompt_tokens":10,"completion_tokens":2}}`;
const ids = (text: string): (string | undefined)[] =>
  recogniseResponses(text, table).responses.map(({ responseId }) => responseId);

describe('a response', () => {
  it.each(JSON_KINDS)('$name alone is no response', ({ bytes }) => {
    const { responses, problems } = recogniseResponses(bytes.toString(), table);
    expect(responses).toEqual([]);
    expect(problems.map(({ code }) => code)).not.toEqual([]);
  });

  it.each(JSON_KINDS)('with $name as a member is read exactly if that is JSON', ({ bytes }) => {
    // What a person pastes is text already: bytes that are no UTF-8 have become U+FFFD.
    const text = response('r', bytes.toString());
    expect(ids(text)).toEqual(isJson(text) ? ['r'] : []);
  });

  it.each(JSON_KINDS)('$name between two responses of NDJSON hides neither', ({ bytes }) => {
    const text = bytes.toString();
    for (const middle of [text, response('m', text)]) {
      const found = ids(`${response('a')}\n${middle}\n${response('z')}\n`);
      expect(found[0]).toBe('a');
      expect(found.at(-1)).toBe('z');
    }
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
