import { describe, expect, it } from 'vitest';
import { oneShot } from '../../../../src/cli/arguments/oneShot.ts';
import { flagName, RECORD_OPTIONS } from '../../../../src/cli/arguments/recordFlags.ts';
import { buildProgram } from '../../../../src/cli/program.ts';
import { openTerminal } from '../../../../src/cli/output/terminal.ts';

const program = await buildProgram(['record'], openTerminal(), () => undefined);
const command = program.commands.find((each) => each.name() === 'record')!;

describe('a one-shot record, read without commander', () => {
  it('leaves everything but a record to commander', () => {
    for (const argv of [[], ['costs'], ['--version'], ['record', '--help'], ['record', '--stdin'], ['record', 'x']]) {
      expect(oneShot(argv)).toBeUndefined();
    }
  });

  it('leaves what may be meant in two ways to commander', () => {
    for (const rest of [
      ['--model'],
      ['--model', '--json'],
      ['--model', '-1'],
      ['--model=-1'],
      ['--'],
      ['--no-such', 'x'],
    ]) {
      expect(oneShot(['record', ...rest])).toBeUndefined();
    }
  });

  it('reads them as commander does', async () => {
    const names = ['--ledger', ...RECORD_OPTIONS.map(flagName)];
    const all = names.flatMap((flag, i) => (i % 2 === 0 ? [flag, `v ${i}`] : [`${flag}=v=${i}`]));
    for (const argv of [
      ['record'],
      ['record', '--json', ...all],
      ['record', ...all, '--tag', 'b', '--model', 'again'],
    ]) {
      command.action(() => undefined);
      await program.parseAsync(argv, { from: 'user' });
      expect(oneShot(argv)).toEqual(command.opts());
      for (const option of command.options) command.setOptionValue(option.attributeName(), undefined);
    }
  });
});
