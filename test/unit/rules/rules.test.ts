import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../../src/library/index.ts';
import { loadPricer } from '../../../src/pricing/price.ts';
import { Assigner } from '../../../src/rules/assign.ts';
import { planRules } from '../../../src/rules/planRules.ts';
import { Repositories } from '../../../src/rules/repository.ts';
import { checkedAssignment, type AssignmentRule } from '../../../src/rules/rule.ts';
import { changeRules, readRules, UserRules } from '../../../src/rules/ruleFile.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-rules-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const rule = (name: string, when: AssignmentRule['when'], set: AssignmentRule['set']): AssignmentRule => ({
  name,
  when,
  set,
});

function record(fields: Partial<UsageRecord> = {}): UsageRecord {
  return {
    usage_id: 'a',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    operation: 'agent',
    input_tokens: 1000,
    output_tokens: 10,
    total_tokens: 1010,
    cost_usd: 0.5,
    cost_known: true,
    billing_mode: 'estimated',
    timestamp: '2026-11-01T00:00:00.000Z',
    source: 'claude-code-log',
    ...fields,
  };
}

describe('a rule is about calls', () => {
  const home = homedir();
  test.each<[string, AssignmentRule['when'], Partial<UsageRecord>, boolean]>([
    ['in its folder', { folder: '~/acme' }, { folder: '~/acme' }, true],
    ['below its folder', { folder: '~/acme' }, { folder: '~/acme/site/api' }, true],
    ['in its folder, written in full', { folder: `${home}/acme/` }, { folder: '~/acme' }, true],
    ['not in one whose name only begins alike', { folder: '~/acme' }, { folder: '~/acme-old' }, false],
    ['in any folder of a pattern', { folder: '*/acme' }, { folder: '/srv/acme/x' }, true],
    ['of Windows', { folder: 'C:\\work' }, { folder: 'c:\\work\\site' }, true],
    ['not without a folder', { folder: '*' }, {}, false],
    ['of a branch', { branch: 'feature/*' }, { branch: 'feature/x' }, true],
    ['not without a branch', { branch: '*' }, { branch: null }, false],
    ['of a source by its name', { source: 'claude-code' }, {}, true],
    ['of a source in full', { source: 'claude-code-log' }, {}, true],
    ['of an agent', { source: 'openclaude' }, { agent: 'openclaude' }, true],
    ['of a model', { model: 'claude-*' }, {}, true],
    ['of a provider and a model', { provider: 'anthropic', model: 'gpt-*' }, {}, false],
  ])('%s', (_, when, fields, matches) => {
    const assigner = new Assigner([rule('r', when, { account: 'x' })]);
    expect(assigner.assigned(record(fields)) !== undefined).toBe(matches);
  });

  test('from clones and worktrees of its repository, without running git', () => {
    const main = path.join(folder, 'site');
    mkdirSync(path.join(main, '.git', 'worktrees', 'two'), { recursive: true });
    mkdirSync(path.join(main, 'src'));
    writeFileSync(
      path.join(main, '.git', 'config'),
      '[remote "fork"]\n\turl = x\n[remote "origin"]\n\turl = git@github.com:acme/site.git\n',
    );
    writeFileSync(path.join(main, '.git', 'worktrees', 'two', 'commondir'), '../..\n');
    mkdirSync(path.join(folder, 'two'));
    writeFileSync(path.join(folder, 'two', '.git'), `gitdir: ${path.join(main, '.git', 'worktrees', 'two')}\n`);
    const repositories = new Repositories();
    expect(repositories.of(path.join(main, 'src'))).toBe('github.com/acme/site');
    expect(repositories.of(path.join(folder, 'two'))).toBe('github.com/acme/site');
    expect(repositories.of(path.join(folder, 'gone'))).toBeUndefined();
    expect(repositories.of('relative')).toBeUndefined();
    for (const repository of ['github.com/acme/*', 'acme/site', 'https://me:secret@github.com/acme/site.git', 'site']) {
      const assigner = new Assigner([rule('r', { repository }, { account: 'x' })]);
      expect(assigner.assigned(record({ folder: path.join(main, 'src') }))?.values).toEqual({ account: 'x' });
    }
    const other = new Assigner([rule('r', { repository: 'acme/si' }, { account: 'x' })]);
    expect(other.assigned(record({ folder: main }))).toBeUndefined();
  });
});

describe('rules set', () => {
  const set = { account: 'acme', charge: 'metered', project: 'shop', tags: ['client'] };

  test('what was found in a log, in place of what it said', () => {
    const assigner = new Assigner([rule('acme', { provider: 'anthropic' }, set)]);
    const given = record({ project: 'site', charge: 'plan', tags: ['a'] });
    assigner.assign([given]);
    expect(given).toEqual(record({ ...set, tags: ['a', 'client'] }));
    expect(assigner.assigned(given)).toBeUndefined();
  });

  test('only gaps where a program or person recorded the call', () => {
    const assigner = new Assigner([rule('acme', { provider: 'anthropic' }, set)]);
    const given = record({ source: 'cli', project: 'site', account: '' });
    assigner.assign([given]);
    expect(given).toEqual(record({ ...set, source: 'cli', project: 'site' }));
  });

  test('a field by the first of them, and the tags of all', () => {
    const assigner = new Assigner([
      rule('one', { model: 'claude-*' }, { account: 'one', tags: ['x'] }),
      rule('two', { provider: 'anthropic' }, { account: 'two', user: 'me', tags: ['x', 'y'] }),
    ]);
    const { values, by } = assigner.assigned(record())!;
    expect(values).toEqual({ account: 'one', user: 'me', tags: ['x', 'y'] });
    expect(Object.fromEntries(by)).toEqual({ account: 'one', user: 'two', tags: 'one' });
  });
});

describe('the file of rules', () => {
  const good = rule('a', { model: 'm' }, { account: 'x' });

  test('is a list that other processes may change at once', async () => {
    const file = path.join(folder, 'rules.json');
    expect(readRules(file)).toEqual([]);
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => changeRules((rules) => [...rules, { ...good, name }], file)));
    expect(
      readRules(file)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(names);
    await changeRules(() => [], file);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ version: 1, rules: [] });
  });

  test.each([
    ['{ "version": 1,\n "rules": [\n oops ] }', 3, 'not valid JSON'],
    ['{ "version": 2, "rules": [] }', 1, 'newer version'],
    ['[]', 1, 'this is not'],
    [`{ "version": 1, "rules": [\n ${JSON.stringify(good)},\n {} ] }`, 3, 'name must be a text'],
    ['{ "version": 1, "rules": [\n { "name": "a", "when": {}, "set": { "account": "x" } } ] }', 2, 'when needs'],
    [
      '{ "version": 1, "rules": [ { "name": "a", "when": { "host": "x" }, "set": {} } ] }',
      1,
      'when.host is no condition',
    ],
    ['{ "version": 1, "rules": [ { "name": "a", "when": { "model": "x" }, "set": {} } ] }', 1, 'set needs at least'],
    [
      '{ "version": 1, "rules": [ { "name": "a", "when": { "model": "x" }, "set": { "cost_usd": 0 } } ] }',
      1,
      'not set by',
    ],
    [
      '{ "version": 1, "rules": [ { "name": "a", "when": { "model": "x" }, "set": { "charge": "x" } } ] }',
      1,
      'charge: must',
    ],
    [`{ "version": 1, "rules": [\n${JSON.stringify(good)},\n${JSON.stringify(good)} ] }`, 3, 'another rule'],
  ])('with a mistake names its line: %s', async (text, line, why) => {
    const file = path.join(folder, 'rules.json');
    writeFileSync(file, text);
    expect(() => readRules(file)).toThrow(new RegExp(`line ${line}: .*${why}`));
    await expect(changeRules(() => [], file)).rejects.toThrow(`line ${line}`);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('with a mistake leaves the rules from before in force, also in another process', async () => {
    const file = path.join(folder, 'rules.json');
    const told: string[] = [];
    const assignedBy = async (rules: UserRules): Promise<unknown> =>
      (await rules.current()).assigned(record({ model: 'm' }))?.values;
    const rules = new UserRules({ path: file, warn: (message) => told.push(message) });
    expect(await assignedBy(rules)).toBeUndefined();
    await changeRules(() => [good], file);
    expect(await assignedBy(rules)).toEqual({ account: 'x' });
    writeFileSync(file, '{');
    expect(await assignedBy(rules)).toEqual({ account: 'x' });
    expect(await assignedBy(new UserRules({ path: file, warn: () => undefined }))).toEqual({ account: 'x' });
    expect(told).toEqual([expect.stringContaining('line 1')]);
    rmSync(file);
    expect(await assignedBy(rules)).toBeUndefined();
  });

  test('refuses a value that its field refuses', () => {
    expect(() => checkedAssignment({ name: 'a', when: { model: 'm' }, set: { tags: 'x' } })).toThrow('set.tags');
    expect(() => checkedAssignment({ ...good, set: { account: null } })).toThrow('must not be empty');
    expect(() => checkedAssignment({ ...good, unless: 1 })).toThrow('"unless" is no member');
  });
});

describe.each(['costs.json', 'costs.db'])('applied to %s', (name) => {
  test('they change older records in one step that undo reverts', async () => {
    const ledger = openLedger({ ledger: path.join(folder, name), pricing: false });
    const before = ['a', 'b', 'c'].map((id) => record({ usage_id: id, ...(id === 'c' ? { model: 'gpt-5' } : {}) }));
    await ledger.trackAll(before);
    const stored = await ledger.read();
    const assigner = new Assigner([rule('acme', { model: 'claude-*' }, { account: 'acme', charge: 'free' })]);
    const plan = await planRules(ledger, assigner, loadPricer());
    expect(plan).toMatchObject({ records: 3, withoutFolder: 3 });
    expect(plan.effects).toEqual([
      { rule: 'acme', field: 'account', before: '', after: 'acme', records: 2 },
      { rule: 'acme', field: 'charge', before: '', after: 'free', records: 2 },
    ]);
    expect(await ledger.read()).toEqual(stored);
    expect((await ledger.setCosts(plan.changes)).changed).toHaveLength(2);
    const [a, , c] = await ledger.read();
    // A call that is free costs a known $0.
    expect(a).toMatchObject({ account: 'acme', charge: 'free', cost_usd: 0, cost_known: true, price_source: 'free' });
    expect(c).toEqual(stored[2]);
    expect((await planRules(ledger, assigner, loadPricer())).changes).toEqual([]);
    expect(await ledger.undo()).toMatchObject({ undone: 'replace', records: 2 });
    expect(await ledger.read()).toEqual(stored);
    expect(existsSync(path.join(folder, name))).toBe(true);
    await ledger.close();
  });
});
