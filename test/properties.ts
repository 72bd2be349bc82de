import * as fc from 'fast-check';
import { LONG, QUICK_SEED } from './long.ts';

/**
 * Which random cases the property tests of every project try. `npm test` takes the same ones each time, so that a test that fails is
 * due to the change; the long form takes new ones. A property that fails names its seed, which `LLM_SPEND_SEED` repeats.
 */
const named = process.env['LLM_SPEND_SEED'];

const seed = named !== undefined && named !== '' ? Number(named) : LONG ? undefined : QUICK_SEED;
if (seed !== undefined && !Number.isInteger(seed)) throw new Error(`LLM_SPEND_SEED is not an integer: ${named}`);

fc.configureGlobal({ ...fc.readConfigureGlobal(), ...(seed === undefined ? {} : { seed }) });
