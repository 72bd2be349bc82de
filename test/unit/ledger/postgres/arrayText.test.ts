import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayText } from '../../../../src/ledger/postgres/server/arrayText.ts';

const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as {
  prepareValue: (this: void, value: unknown) => string;
};

describe('the text of an array', () => {
  it('is that of the client for texts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('"', '\\', '', 'NULL', ',{}'), fc.constant(null))),
        (texts) => {
          expect(arrayText(texts)).toBe(prepareValue(texts));
        },
      ),
    );
  });

  it('has numbers, and true and false, without quotes', () => {
    expect(arrayText([1, -2n, 3.5, null, true, false])).toBe('{1,-2,3.5,NULL,true,false}');
    expect(arrayText([])).toBe('{}');
  });
});
