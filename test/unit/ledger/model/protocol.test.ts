import { describe, expect, it } from 'vitest';
import { protocol } from './protocol.ts';
import type { Verdict } from './search.ts';
import { explore } from './search.ts';
import type { Mutants, Scenario } from './state.ts';

/**
 * Every interleaving of a few writers, each of which may crash at any step. The larger scenarios take minutes and gigabytes:
 * LLM_SPEND_MODEL=large runs them as well.
 */
const LARGE = process.env['LLM_SPEND_MODEL'] === 'large';
const MAX_STATES = LARGE ? 12_000_000 : 600_000;

/** Two of our processes and a foreign one, all of which may crash, without a lock, and with the check before the rename. */
const usual: Scenario = {
  ours: ['record', 'record'],
  foreign: [1],
  crashes: 2,
  foreignCrashes: 1,
  mistakes: 0,
  lastLook: true,
  accepted: false,
  flock: false,
  windows: false,
  reads: 0,
  fences: 0,
};

function run(scenario: Partial<Scenario>, mutants: Mutants = {}): Verdict {
  return explore(protocol({ ...usual, ...scenario }, mutants), MAX_STATES);
}

const scenarios: { name: string; scenario: Partial<Scenario>; large?: boolean }[] = [
  { name: 'one of ours alone', scenario: { ours: ['record'], foreign: [] } },
  { name: 'two of ours', scenario: { foreign: [] } },
  { name: 'two of ours that take each other for dead', scenario: { foreign: [], crashes: 1, mistakes: 2 } },
  {
    name: 'three of ours',
    scenario: { ours: ['record', 'record', 'record'], foreign: [], crashes: 1, accepted: true },
  },
  {
    name: 'two of ours and one who only adopts',
    scenario: { ours: ['record', 'record', 'adopt'], foreign: [], crashes: 1 },
  },
  { name: 'two of ours beside a foreign one', scenario: {} },
  { name: 'the same without the last look: the token alone', scenario: { lastLook: false } },
  { name: 'one of ours beside two foreign ones', scenario: { ours: ['record'], foreign: [2, 1] } },
  {
    name: 'one of ours, taken for dead, beside a foreign one',
    scenario: { ours: ['record', 'adopt'], crashes: 1, mistakes: 1, foreignCrashes: 0 },
  },
  {
    name: 'one of ours, and an adopter, beside two foreign ones',
    scenario: { ours: ['record', 'adopt'], foreign: [1, 1], crashes: 1 },
  },
  { name: 'one who records and one who removes', scenario: { ours: ['record', 'remove'], foreign: [] } },
  { name: 'the same beside a foreign one', scenario: { ours: ['record', 'remove'] } },
  { name: 'record, remove and adopt', scenario: { ours: ['record', 'remove', 'adopt'], foreign: [], crashes: 1 } },
  {
    name: 'one of ours that takes two foreign ones for abandoned',
    scenario: { ours: ['record'], foreign: [2, 1], fences: 2 },
  },
  {
    name: 'on Windows, one of ours beside a reader',
    scenario: { ours: ['record'], foreign: [], windows: true, reads: 2 },
  },
  { name: 'on Windows, two of ours', scenario: { foreign: [], windows: true, reads: 1 } },
  {
    name: 'on Windows, one of ours beside two foreign ones',
    scenario: { ours: ['record'], foreign: [2, 1], windows: true },
  },
  {
    name: 'on Windows, two of ours that take each other for dead',
    scenario: { foreign: [], crashes: 1, mistakes: 1, windows: true },
  },
  {
    name: 'on Windows, one who records and one who removes',
    scenario: { ours: ['record', 'remove'], foreign: [], crashes: 1, windows: true },
  },
  {
    name: 'on Windows, two of ours beside a foreign one',
    scenario: { windows: true, crashes: 1 },
    large: true,
  },
  {
    name: 'three of ours, each may crash',
    scenario: { ours: ['record', 'record', 'record'], foreign: [], crashes: 3 },
    large: true,
  },
  {
    name: 'three of ours beside a foreign one',
    scenario: { ours: ['record', 'record', 'adopt'], crashes: 1 },
    large: true,
  },
  {
    name: 'two of ours, each may crash, beside two foreign ones',
    scenario: { foreign: [1, 1], foreignCrashes: 0, flock: true },
    large: true,
  },
  {
    name: 'two of ours beside two foreign ones, one of each may crash',
    scenario: { foreign: [1, 1], crashes: 1 },
    large: true,
  },
];

describe('the commit protocol, every interleaving', () => {
  for (const { name, scenario, large } of scenarios) {
    it.skipIf(large && !LARGE)(`${name}: nothing acknowledged is lost, nothing torn`, { timeout: 3_600_000 }, () => {
      const verdict = run(scenario);
      console.log(`${name}: ${verdict.states} states, ${verdict.transitions} steps`);
      expect(verdict.violation).toBeUndefined();
      expect(verdict.complete).toBe(true);
    });
  }
});

/** Each breaks the protocol in one place, so the model must find a loss; otherwise it would prove nothing. */
const mutants: { mutant: keyof Mutants; scenario: Partial<Scenario>; what: string; large?: boolean }[] = [
  { mutant: 'noRevocation', scenario: { foreign: [] }, what: 'an acknowledged record is lost' },
  // The check before the rename would notice a version read too early; here the token must suffice without it.
  { mutant: 'readBeforeRevoke', scenario: { foreign: [], lastLook: false }, what: 'an acknowledged record is lost' },
  { mutant: 'settleWithoutListing', scenario: { ours: ['record'] }, what: 'an acknowledged record is lost' },
  { mutant: 'lookThenList', scenario: { ours: ['record'] }, what: 'an acknowledged record is lost' },
  { mutant: 'listThenLook', scenario: { ours: ['record'], foreign: [2, 1] }, what: 'an acknowledged record is lost' },
  { mutant: 'ignoreForeign', scenario: { ours: ['record'] }, what: 'an acknowledged record is lost' },
  {
    mutant: 'ignoreTokens',
    scenario: { foreign: [1, 1], crashes: 0, foreignCrashes: 0, lastLook: false, accepted: true },
    what: 'an acknowledged record is lost',
    large: true,
  },
  {
    mutant: 'adoptWithoutRename',
    scenario: { ours: ['record', 'adopt'], foreign: [], mistakes: 1 },
    what: 'an acknowledged record is lost',
  },
  {
    mutant: 'noOwnershipCheck',
    scenario: { ours: ['record', 'adopt'], foreign: [], mistakes: 1 },
    what: 'an acknowledged record is lost',
  },
  { mutant: 'dismissKnown', scenario: { foreign: [], mistakes: 2 }, what: 'an acknowledged record is lost' },
  { mutant: 'dropBeforeSettle', scenario: { ours: ['record'] }, what: 'an acknowledged record is lost' },
  {
    mutant: 'logAfterRename',
    scenario: { ours: ['record', 'remove'], foreign: [] },
    what: 'an acknowledged record is lost',
  },
  {
    mutant: 'acknowledgeBeforeFsync',
    scenario: { ours: ['record'], foreign: [] },
    what: 'a power cut may lose an acknowledged record',
  },
  { mutant: 'tokenNotSynced', scenario: { ours: ['record'], foreign: [] }, what: 'a power cut may tear the ledger' },
  {
    mutant: 'folderNotSynced',
    scenario: { ours: ['record'], foreign: [] },
    what: 'a power cut may lose an acknowledged record',
  },
  {
    mutant: 'othersNotSynced',
    scenario: { ours: ['record'], foreign: [2, 1], crashes: 0, foreignCrashes: 0 },
    what: 'a power cut may lose an acknowledged record',
  },
  {
    mutant: 'keepBasisOpen',
    scenario: { ours: ['record'], foreign: [], windows: true },
    what: 'a commit can never succeed',
  },
  { mutant: 'keepWrittenOpen', scenario: { foreign: [], windows: true }, what: 'a commit can never succeed' },
  {
    mutant: 'keepFoundOpen',
    scenario: { ours: ['record', 'record'], foreign: [1], windows: true },
    what: 'a commit can never succeed',
  },
  {
    mutant: 'numberOnly',
    scenario: { ours: ['record'], foreign: [2, 1], windows: true, crashes: 0, foreignCrashes: 0 },
    what: 'an acknowledged record is lost',
  },
  { mutant: 'noMergeById', scenario: { foreign: [] }, what: 'a record stands in the ledger twice' },
];

describe('the model finds what is wrong with', () => {
  it.each(mutants.filter(({ large }) => LARGE || !large))('$mutant', ({ mutant, scenario, what }) => {
    const verdict = run(scenario, { [mutant]: true });
    console.log(`${mutant}: found after ${verdict.states} states, in ${verdict.violation?.trace.length} steps`);
    expect(verdict.violation?.what).toBe(what);
  });
});
