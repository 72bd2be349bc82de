import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** The steps of process 0 in the model, after the steps of `before`. */
function stepsOfModel(scenario: Scenario, before: readonly string[] = []): string[] {
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
  for (const step of before)
    expect(
      take((each) => each === step),
      step,
    ).toBe(step);
  const steps: string[] = [];
  for (;;) {
    const step = take((each) => each.startsWith('0: ') && each !== '0: crash');
    if (step === undefined) return steps;
    steps.push(step.slice(3).replace(/ in slot \d+$/, ''));
  }
}

/** A disk that translates each file access of a process to a step of the model. */
class WatchedDisk {
  readonly steps: string[] = ['idle'];
  readonly disk: Disk;
  readonly #folder: string;
  readonly #names = new Map<number, string>();

  constructor(folder: string, isWindows: boolean) {
    this.#folder = folder;
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
      if (step !== undefined && this.steps.at(-1) !== step) this.steps.push(step);
      const result = (call as (...args: unknown[]) => unknown)(...args);
      if (name === 'open')
        void (result as Promise<number>).then((fd) => this.#names.set(fd, file)).catch(() => undefined);
      return result;
    };
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
        return 'revoke';
      case 'open ledger':
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

describe('the code takes the steps of the model', () => {
  let folder: string;
  let ledger: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-model-'));
    ledger = join(folder, 'costs.json');
    writeFileSync(ledger, `[${element('old')}]`);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function stepsOfCode(isWindows = false): Promise<string[]> {
    const { disk, steps } = new WatchedDisk(folder, isWindows);
    const costs = new CostTracker({ ledger, disk });
    await costs.track(usage('a'));
    expect(await costs.flush()).toBe(true);
    const taken = [...steps];
    await costs.close();
    return taken;
  }
  /** Listing the journals is a read of the folder that leaves no trace. */
  const withoutLooks = (steps: readonly string[]): string[] => steps.filter((step) => step !== 'nothing more to adopt');
  const ids = (): string[] =>
    (JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string }[]).map((r) => r.usage_id);

  it('alone', async () => {
    expect(await stepsOfCode()).toEqual(withoutLooks(stepsOfModel(ALONE)));
    expect(ids()).toEqual(['old', 'a']);
  });

  it('alone, with the rules of Windows', async () => {
    expect(await stepsOfCode(true)).toEqual(withoutLooks(stepsOfModel({ ...ALONE, windows: true })));
    expect(ids()).toEqual(['old', 'a']);
  });

  it('beside a process that died with a token and a journal', async () => {
    writeFileSync(join(folder, sideFileOfDead('cc', 'tok')), '[ half a ver');
    writeFileSync(join(folder, sideFileOfDead('aa', 'journal')), `{"seen":0,"record":${element('left')}}\n`);
    const ofDead = ['idle', 'create', 'append', 'fsync', 'acknowledge', 'nothing more to adopt', 'token', 'crash'];
    const scenario: Scenario = { ...ALONE, ours: ['record', 'record'], crashes: 1 };
    const steps = stepsOfModel(
      scenario,
      ofDead.map((step) => `1: ${step}`),
    );
    expect(await stepsOfCode()).toEqual(withoutLooks(steps));
    expect(ids().toSorted()).toEqual(['a', 'left', 'old']);
  });
});
