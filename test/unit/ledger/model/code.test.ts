import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { element, sideFileOfDead, usage } from '../faults/world.ts';
import { protocol } from './protocol.ts';
import type { State } from './search.ts';
import type { Scenario } from './state.ts';

/** Ties the model to the code: the real commit must take the model's steps in the model's order. */

const FOREIGN = '.tmp_costs_1.json';

const ALONE: Scenario = {
  ours: ['record'],
  foreign: [],
  crashes: 0,
  foreignCrashes: 0,
  mistakes: 0,
  lastLook: true,
  accepted: false,
  flock: false,
  windows: false,
  reads: 0,
  fences: 0,
};

/** What others do before process 0 starts, and right before it takes a step for the first time. */
interface Others {
  first?: readonly string[];
  before?: Readonly<Record<string, readonly string[]>>;
}

/** The steps of process 0 in the model. */
function stepsOfModel(scenario: Scenario, { first = [], before = {} }: Others = {}): string[] {
  const system = protocol(scenario);
  let state = system.initial;
  const take = (wanted: (step: string) => boolean): string | undefined => {
    let taken: { state: State; step: string } | undefined;
    system.successors(state, (next, step) => {
      if (taken === undefined && wanted(step)) taken = { state: next, step };
    });
    if (taken) state = taken.state;
    return taken?.step;
  };
  const takeAll = (steps: readonly string[]): void => {
    for (const step of steps)
      expect(
        take((each) => each === step),
        step,
      ).toBe(step);
  };
  takeAll(first);
  const waiting = new Map(Object.entries(before));
  const steps: string[] = [];
  for (;;) {
    let next: string | undefined;
    system.successors(state, (_, step) => {
      if (step.startsWith('0: ') && step !== '0: crash') next ??= step.slice(3);
    });
    if (next === undefined) return steps;
    const others = waiting.get(next);
    waiting.delete(next);
    takeAll(others ?? []);
    const step = take((each) => each.startsWith('0: ') && each !== '0: crash' && each !== '0: give up for now');
    steps.push(step!.slice(3).replace(/ in slot \d+$/, ''));
  }
}

/** A disk that translates each file access of a process to a step of the model. */
class WatchedDisk {
  readonly steps: string[] = ['idle'];
  readonly disk: Disk;
  readonly #folder: string;
  readonly #names = new Map<number, string>();
  /** What others do right before this process takes a step for the first time. */
  readonly #others: Map<string, () => void>;
  #token = '';

  constructor(folder: string, { isWindows, before }: { isWindows: boolean; before: Record<string, () => void> }) {
    this.#folder = folder;
    this.#others = new Map(Object.entries(before));
    const rules = { durableWrites: false, replacesOpenFiles: !isWindows };
    this.disk = new Proxy<Disk>(
      { ...nodeDisk, ...rules },
      { get: (target, name: keyof Disk) => this.#watched(target, name) },
    );
  }

  #watched(target: Disk, name: keyof Disk): unknown {
    const call = target[name] as unknown;
    if (typeof call !== 'function') return call;
    return (...args: (string | number)[]): unknown => {
      const [first] = args;
      const file = typeof first === 'number' ? (this.#names.get(first) ?? '') : this.#kindOf(first!);
      const step = this.#stepOf(name, file, args);
      if (step !== undefined && this.steps.at(-1) !== step) this.#take(step);
      if (step === 'token') this.#token = String(first);
      const result = (call as (...args: unknown[]) => unknown)(...args);
      if (name === 'open')
        void (result as Promise<number>).then((fd) => this.#names.set(fd, file)).catch(() => undefined);
      return result;
    };
  }

  #take(step: string): void {
    this.steps.push(step);
    const others = this.#others.get(step);
    this.#others.delete(step);
    others?.();
  }

  #hasForeigners(): boolean {
    return readdirSync(this.#folder).includes(FOREIGN);
  }

  #kindOf(path: string): string {
    if (path === this.#folder) return 'folder';
    const name = basename(path);
    return name === 'costs.json' ? 'ledger' : (/\.(journal|tok)$/.exec(name)?.[1] ?? 'other');
  }

  #stepOf(call: keyof Disk, file: string, args: readonly (string | number)[]): string | undefined {
    const last = this.steps.at(-1);
    switch (`${call} ${file}`) {
      case 'open journal':
        // Readers also read the journals of others.
        if (args[1] !== 'wxd') return last === 'adopt the journal' ? 'readJournal' : undefined;
        return 'create';
      case 'append journal':
        return 'append';
      case 'fsync journal':
        return 'fsync';
      case 'isThereSync journal':
      case 'statSync journal':
        return 'acknowledge';
      case 'rename journal':
        return 'adopt the journal';
      case 'open tok':
        return 'token';
      case 'unlink tok':
        // A writer that starts over withdraws its own token, which is a part of that step.
        return args[0] === this.#token ? undefined : 'revoke';
      case 'open ledger':
        if (last === 'settleList') return 'settleLook';
        // Before the fence the ledger is opened to check for obstacles.
        return last === 'list' || last === 'revoke' ? 'read' : undefined;
      case 'close ledger':
        return last === 'read' && !this.disk.replacesOpenFiles ? 'readBasis' : undefined;
      case 'statSync ledger':
        return last === 'settleList' ? 'settleLook' : last === 'read' || last === 'readBasis' ? 'look' : undefined;
      case 'renameSync tok':
        return 'rename';
      case 'fsync folder':
        return last === 'rename' ? 'syncFolder' : undefined;
      case 'readdirSync folder':
        if (last === 'settleLook' && this.#hasForeigners()) return 'wait';
        if (last === 'wait') return this.#hasForeigners() ? 'wait' : 'settleList';
        return last === 'syncFolder' ? 'settleList' : undefined;
      case 'readdir folder':
        return last === 'token' ? 'list' : undefined;
      case 'ftruncate journal':
      case 'write journal':
      case 'unlink journal':
        return 'drop';
      default:
        return undefined;
    }
  }
}

/** The steps by which a foreign program saves. */
const saving = ['load', 'makeTemporary', 'open', 'read', 'replace'].map((step) => `foreign 0: ${step}`);

describe('the code takes the steps of the model', () => {
  let folder: string;
  let ledger: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-model-'));
    ledger = join(folder, 'costs.json');
    writeFileSync(ledger, `[${element('old')}]`);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function stepsOfCode(
    before: Record<string, () => void> = {},
    { isWindows = false }: { isWindows?: boolean } = {},
  ): Promise<string[]> {
    const { disk, steps } = new WatchedDisk(folder, { isWindows, before });
    const costs = new CostTracker({ ledger, disk });
    await costs.track(usage('a'));
    expect(await costs.flush()).toBe(true);
    const taken = [...steps];
    await costs.close();
    return taken;
  }
  /** Listing the journals is a read of the folder that leaves no trace. */
  const withoutLooks = (steps: readonly string[]): string[] => steps.filter((step) => step !== 'nothing more to adopt');
  const ownTokens = (): string[] =>
    readdirSync(folder).filter((name) => name.endsWith('.tok') && name !== sideFileOfDead('cc', 'tok'));
  const ids = (): string[] =>
    (JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string }[]).map((r) => r.usage_id);

  it('alone', async () => {
    expect(await stepsOfCode()).toEqual(withoutLooks(stepsOfModel(ALONE)));
    expect(ids()).toEqual(['old', 'a']);
  });

  it('alone, with the rules of Windows', async () => {
    expect(await stepsOfCode({}, { isWindows: true })).toEqual(withoutLooks(stepsOfModel({ ...ALONE, windows: true })));
    expect(ids()).toEqual(['old', 'a']);
  });

  it('beside a process that died with a token and a journal', async () => {
    writeFileSync(join(folder, sideFileOfDead('cc', 'tok')), '[ half a ver');
    writeFileSync(join(folder, sideFileOfDead('aa', 'journal')), `{"seen":0,"record":${element('left')}}\n`);
    const ofDead = ['idle', 'create', 'append', 'fsync', 'acknowledge', 'nothing more to adopt', 'token', 'crash'];
    const scenario: Scenario = { ...ALONE, ours: ['record', 'record'], crashes: 1 };
    const steps = stepsOfModel(scenario, { first: ofDead.map((step) => `1: ${step}`) });
    expect(await stepsOfCode()).toEqual(withoutLooks(steps));
    expect(ids().toSorted()).toEqual(['a', 'left', 'old']);
  });

  it.each([false, true])(
    'when another program saves between its read and its rename (Windows: %s)',
    async (isWindows) => {
      const save = (): void => {
        writeFileSync(join(folder, FOREIGN), `[${element('old')},${element('theirs')}]`);
        renameSync(join(folder, FOREIGN), ledger);
      };
      const scenario: Scenario = { ...ALONE, foreign: [1], windows: isWindows };
      const steps = await stepsOfCode({ look: save }, { isWindows });
      expect(steps).toEqual(withoutLooks(stepsOfModel(scenario, { before: { look: saving } })));
      expect(steps.filter((step) => step === 'read')).toHaveLength(2);
      expect(ids()).toEqual(['old', 'theirs', 'a']);
    },
  );

  it('when another process of ours removes its token right before the rename', async () => {
    const revoke = (): void => {
      writeFileSync(join(folder, sideFileOfDead('cc', 'tok')), '[ half a ver');
      for (const name of ownTokens()) rmSync(join(folder, name));
    };
    const ofOther = ['idle', 'create', 'append', 'fsync', 'acknowledge', 'nothing more to adopt', 'token', 'list'];
    const others = [...ofOther, 'revoke'].map((step) => `1: ${step}`);
    const steps = await stepsOfCode({ rename: revoke });
    expect(steps).toEqual(
      withoutLooks(stepsOfModel({ ...ALONE, ours: ['record', 'record'] }, { before: { rename: others } })),
    );
    expect(steps.filter((step) => step === 'rename')).toHaveLength(2);
    expect(ids()).toEqual(['old', 'a']);
  });

  it('when another program is about to save: it waits for that, and reads what was saved', async () => {
    const temporary = join(folder, FOREIGN);
    writeFileSync(temporary, `[${element('old')},${element('theirs')}]`);
    const steps = await stepsOfCode({ list: () => void setTimeout(() => renameSync(temporary, ledger), 20) });
    // Without the wait it would read the version that is about to go, and start over.
    expect(steps).toEqual(withoutLooks(stepsOfModel(ALONE)));
    expect(ids()).toEqual(['old', 'theirs', 'a']);
  });

  it('when a program that read before it saves after it: it commits again, and only then drops its journal', async () => {
    const temporary = join(folder, FOREIGN);
    writeFileSync(temporary, readFileSync(ledger));
    // So old that no commit waits for it, and open, so that it is not taken for abandoned.
    const past = Date.now() / 1000 - 7;
    utimesSync(temporary, past, past);
    const fd = openSync(temporary, 'r');
    try {
      const steps = await stepsOfCode({ wait: () => renameSync(temporary, ledger) });
      const model = stepsOfModel(
        { ...ALONE, foreign: [1] },
        { first: saving.slice(0, -1), before: { 'give up for now': saving.slice(-1) } },
      );
      expect(steps).toEqual(withoutLooks(model));
      expect(steps.filter((step) => step === 'rename')).toHaveLength(2);
      expect(steps.indexOf('drop')).toBe(steps.length - 1);
    } finally {
      closeSync(fd);
    }
    expect(ids()).toEqual(['old', 'a']);
  });
});
