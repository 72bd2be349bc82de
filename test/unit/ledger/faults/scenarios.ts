import * as fs from 'node:fs';
import { join } from 'node:path';
import type { World } from './world.ts';
import { element, sideFileOfDead } from './world.ts';

/** A process's work on a ledger, to which faults are applied at each step. */
export interface Scenario {
  /** Prepares the disk before the process starts. */
  prepare(world: World): void;
  run(world: World): Promise<void>;
}

/** Elements that are not ours, with unusual formatting: all must be preserved. */
const ODD = [
  '{ "usage_id":"odd-1","provider":"p","model":"m","operation":"o","timestamp":"2026-01-01T00:00:00+01:00",\r\n\t"cost_usd": 1.50e-1, "zeta":{"a":[1,2,{"b":null}]}, "twice":1, "twice":2 }',
  'null',
  '42.0',
  '"text, with ] and \\" in it"',
  '{"provider":"nameless","\\u00e9":"\u{1f4b8}"}',
];

/** A ledger written by others: `old-1`, `old-2`, `odd-1`, and elements that are not records. */
function standing(world: World): string {
  for (const id of ['old-1', 'old-2', 'odd-1']) world.acknowledged.add(id);
  world.verbatim.push(...ODD);
  return `[ ${element('old-1')},${ODD.join(',\n\n')} ,\n  ${element('old-2')}\n]\n`;
}

function journalLine(id: string): string {
  return `{"seen":0,"record":${element(id)}}\n`;
}

export const SCENARIOS: Record<string, Scenario> = {
  'accept and commit the first record': {
    prepare: () => undefined,
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'commit to a ledger of others, twice': {
    prepare: (world) => world.put('costs.json', standing(world)),
    run: async (world) => {
      await world.track('a');
      await world.flush();
      await world.track('b');
      await world.flush();
      await world.tracker.close();
    },
  },
  'commit while other programs read the ledger': {
    prepare: (world) => {
      world.put('costs.json', standing(world));
      world.disk.readersOfOthers = 3;
    },
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'a group of records from many callers': {
    prepare: (world) => world.put('costs.json', standing(world)),
    run: async (world) => {
      await Promise.all([world.track('a'), world.track('b', 'c', 'd'), world.track('e'), world.track('f')]);
      await Promise.all([world.flush(), world.track('g'), world.track('h')]);
      await world.flush();
    },
  },
  'a ledger behind a link': {
    prepare: (world) => {
      world.home = join(world.folder, 'real');
      fs.mkdirSync(world.home);
      fs.writeFileSync(join(world.home, 'costs.json'), standing(world));
      fs.symlinkSync(join('real', 'costs.json'), world.ledger);
    },
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'settle while a foreign writer displaces our version': {
    prepare: (world) => {
      const before = standing(world);
      world.put('costs.json', before);
      const foreign = join(world.folder, '.tmp_costs_1.json');
      fs.writeFileSync(foreign, before);
      // Too old to be waited for, which is why it comes late, and too young to be abandoned.
      const past = Date.now() / 1000 - 7;
      fs.utimesSync(foreign, past, past);
      world.afterwards = () => {
        if (fs.existsSync(foreign)) fs.renameSync(foreign, world.ledger);
      };
      world.disk.after = (operation) => {
        if (operation === 'renameSync') world.afterwards!();
      };
    },
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'settle while another program saves our version again, without an fsync': {
    prepare: (world) => {
      world.put('costs.json', `[${element('old-1')},${element('old-2')}]`);
      // Until we sync its version, the other program loses what it wrote; the version before is in our backup.
      for (const id of ['old-1', 'old-2']) {
        world.acknowledged.add(id);
        world.hidden.add(id);
      }
      let saved = false;
      world.disk.after = (operation) => {
        if (operation !== 'renameSync' || saved) return;
        saved = true;
        const temporary = join(world.folder, '.tmp_costs_2.json');
        world.disk.saveByOthers(temporary, world.ledger, fs.readFileSync(world.ledger));
      };
    },
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'settle what another process has committed for us, without an fsync': {
    prepare: (world) => world.put('costs.json', '[]'),
    run: async (world) => {
      await world.track('a');
      const temporary = join(world.folder, '.tmp_costs_3.json');
      if (world.acknowledged.has('a') && !world.disk.isDead)
        world.disk.saveByOthers(temporary, world.ledger, Buffer.from(`[${element('a')}]`));
      await world.flush();
    },
  },
  'adopt the journals of the dead': {
    prepare: (world) => {
      world.put('costs.json', standing(world));
      world.putJournal('aa', journalLine('left-1'), journalLine('left-2'), '{"seen":0,"record":{"usage_id":"cut');
      world.putJournal('bb', journalLine('left-3'), 'no line of ours\n', journalLine('left-2'));
      world.put(sideFileOfDead('cc', 'tok'), '[ half a ver');
      for (const id of ['left-1', 'left-2', 'left-3']) world.acknowledged.add(id);
      world.unreadable.push(Buffer.from('no line of ours\n'));
    },
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'recover from a file cut off': {
    prepare: (world) => {
      const whole = standing(world);
      const cut = Buffer.from(whole.slice(0, -20));
      world.put('costs.json', cut);
      world.put('costs.json.prev', `[${element('old-2')},${element('prev-1')}]`);
      world.acknowledged.add('prev-1');
      for (const id of ['old-2', 'prev-1']) world.hidden.add(id);
      world.unreadable.push(cut);
    },
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'recover from a file that is gone': {
    prepare: (world) => {
      world.put('costs.json.prev', `[${element('prev-1')}]`);
      world.put('costs.json.bak', `[${element('prev-1')},${element('bak-1')}]`);
      world.put('costs.json.corrupt.1700000000', `[${element('corrupt-1')},`);
      for (const id of ['prev-1', 'bak-1', 'corrupt-1']) {
        world.acknowledged.add(id);
        world.hidden.add(id);
      }
    },
    run: async (world) => {
      await world.track('a');
      await world.flush();
    },
  },
  'remove records': {
    prepare: (world) => world.put('costs.json', standing(world)),
    run: async (world) => {
      await world.track('a', 'b');
      await world.remove('old-2', 'a');
    },
  },
  'remove, and undo': {
    prepare: (world) => world.put('costs.json', standing(world)),
    run: async (world) => {
      await world.remove('old-1', 'old-2');
      await world.undo();
    },
  },
  clear: {
    prepare: (world) => {
      world.put('costs.json', standing(world));
      world.unreadable.push(...world.verbatim.splice(0).map((text) => Buffer.from(text)));
    },
    run: async (world) => {
      await world.track('a');
      await world.clear();
    },
  },
  'clear, and undo': {
    prepare: (world) => {
      world.put('costs.json', standing(world));
      world.unreadable.push(...world.verbatim.splice(0).map((text) => Buffer.from(text)));
    },
    run: async (world) => {
      await world.clear();
      await world.undo();
    },
  },
  'repair a damaged ledger': {
    prepare: (world) => {
      const whole = standing(world);
      // Omitted from the repaired ledger, so not byte for byte in it, but kept aside.
      world.unreadable.push(...world.verbatim.splice(1).map((text) => Buffer.from(text)));
      world.put('costs.json', `\ufeff${whole}<<<<<<< HEAD\n`);
      world.put('costs.json.prev', `[${element('prev-1')}]`);
      world.acknowledged.add('prev-1');
      world.hidden.add('prev-1');
    },
    run: async (world) => {
      await world.attempt(() => world.tracker.repair());
    },
  },
};
