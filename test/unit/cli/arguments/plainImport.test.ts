import { describe, expect, it } from 'vitest';
import { plainImport } from '../../../../src/cli/arguments/plainImport.ts';
import { buildProgram } from '../../../../src/cli/program.ts';
import { openTerminal } from '../../../../src/cli/output/terminal.ts';

const program = await buildProgram(['import'], openTerminal(), () => undefined);
const command = program.commands.find((each) => each.name() === 'import')!;

describe('a plain import, read without commander', () => {
  it.each([
    [['import']],
    [['import', '--json']],
    [['import', 'all', '--help']],
    [['import', 'all', '--since', '2026-01-01']],
    [['import', 'x.csv', '--map', 'id=a']],
    [['import', 'all', '--ledger']],
    [['import', 'all', '--ledger', '--json']],
    [['import', 'all', '--no-such']],
    [['import', '--', '-x']],
    [['record', 'all']],
  ])('leaves %j to commander', (argv) => {
    expect(plainImport(argv)).toBeUndefined();
  });

  it.each([
    [['import', 'all']],
    [['import', '--json', 'codex', '--dry-run', 'claude-code=/copy', '--ledger', 'a b.db', '--progress']],
    [['import', 'x.json', '--ledger', 'one.db', '--ledger', 'two.db']],
  ])('reads %j as commander does', async (argv) => {
    let read: unknown;
    command.action((sources: string[], flags: object) => {
      read = { sources, flags: { ...flags } };
    });
    for (const option of command.options) command.setOptionValue(option.attributeName(), undefined);
    await program.parseAsync(argv, { from: 'user' });
    expect(plainImport(argv)).toEqual(read);
  });
});
