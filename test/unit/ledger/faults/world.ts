import * as fs from 'node:fs';
import { join } from 'node:path';
import { parseSideFile, sideFileName } from '../../../../src/system/sideFiles.ts';
import { blockingDisk } from '../../../../src/system/nodeDisk.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { LedgerError } from '../../../../src/ledger/results.ts';
import { UsageError } from '../../../../src/usage/record.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';
import type { Fault, Rules } from './faultDisk.ts';
import { FaultDisk, atticOf } from './faultDisk.ts';

/** A pid that no system assigns: files with it in their name belong to a dead process. */
const DEAD_PID = '4194305';

export function usage(id: string, fields: Partial<UsageInput> = {}): UsageInput {
  return {
    usage_id: id,
    provider: 'openai',
    model: 'gpt-5',
    operation: 'chat',
    input_tokens: 1000,
    output_tokens: 200,
    cost_usd: 0.0125,
    timestamp: '2026-02-01T12:00:00.000Z',
    ...fields,
  };
}

/** An element as stored in a file. */
export function element(id: string, fields: Partial<UsageInput> = {}): string {
  return JSON.stringify(usage(id, fields));
}

/**
 * A ledger in a separate folder, a tracker on a failing disk, and an external log of acknowledged and refused records and of
 * everything that must never be lost.
 */
export class World {
  /** The folder of the ledger's path. */
  readonly folder: string;
  /** The folder of the ledger's file, which differs behind a link. */
  home: string;
  readonly ledger: string;
  readonly disk: FaultDisk;
  readonly tracker: CostTracker;
  /** Ids that must be in the ledger exactly once: those it contained before, and acknowledged ones. */
  readonly acknowledged = new Set<string>();
  /** `track` rejected: these must not be there. */
  readonly refused = new Set<string>();
  /** Their removal was requested: they must be there, or restorable by undo. */
  readonly leaving = new Set<string>();
  /** Their removal was acknowledged and not undone: they must not be there. */
  readonly gone = new Set<string>();
  /** Texts that must be in the ledger, byte for byte, as an element. */
  readonly verbatim: string[] = [];
  /** Bytes that must be somewhere: in the ledger or in a file kept aside. */
  readonly unreadable: Buffer[] = [];
  /** Ids that are only in backups: visible once the ledger has been repaired. */
  readonly hidden = new Set<string>();
  /** Actions of other processes after the process has ended. */
  afterwards: (() => void) | undefined;
  readonly errors: string[] = [];
  readonly #root: string;

  constructor(root: string, fault: Fault, at: number, rules: Rules = 'host') {
    this.#root = fs.mkdtempSync(join(root, 'world-'));
    this.folder = join(this.#root, 'ledger');
    this.home = this.folder;
    fs.mkdirSync(this.folder);
    this.ledger = join(this.folder, 'costs.json');
    this.disk = new FaultDisk(fault, at, atticOf(this.#root), rules);
    this.tracker = new CostTracker({ ledger: this.ledger, disk: this.disk });
  }

  /** Creates a file in the ledger's folder before the tracker reads it. */
  put(name: string, content: string | Uint8Array): void {
    fs.writeFileSync(join(this.folder, name), content);
  }

  /** Creates the journal of a dead process. */
  putJournal(random: string, ...lines: string[]): void {
    this.put(sideFileOfDead(random, 'journal'), lines.join(''));
  }

  async track(...ids: string[]): Promise<void> {
    const asked = await this.attempt(() => this.tracker.trackAll(ids.map((id) => usage(id))));
    for (const id of ids) (asked ? this.acknowledged : this.refused).add(id);
  }

  async remove(...ids: string[]): Promise<void> {
    const there = ids.filter((id) => this.acknowledged.has(id));
    for (const id of there) this.#leaves(id);
    if (await this.attempt(() => this.tracker.remove(ids))) for (const id of there) this.gone.add(id);
  }

  async clear(): Promise<void> {
    const all = [...this.acknowledged];
    for (const id of all) this.#leaves(id);
    if (await this.attempt(() => this.tracker.clear())) for (const id of all) this.gone.add(id);
  }

  async undo(): Promise<void> {
    this.gone.clear();
    if (!(await this.attempt(() => this.tracker.undo()))) return;
    for (const id of this.leaving) this.acknowledged.add(id);
    this.leaving.clear();
  }

  /** Commits pending records; a failure is ignored, because it is retried. */
  async flush(): Promise<boolean> {
    return (await this.attempt(() => this.tracker.flush())) ?? false;
  }

  /** The result, or undefined if it failed. Every failure must be an error with an explanation. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      // A synchronous call can only throw, but a dead process refuses nothing.
      if (this.disk.isDead) return new Promise<undefined>(() => undefined);
      if (!(error instanceof LedgerError || error instanceof UsageError)) {
        this.errors.push(`not explained: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
      return undefined;
    }
  }

  /** Lets a process that survived a fault finish its work. */
  async calmDown(): Promise<void> {
    this.disk.free();
    for (let tries = 0; !(await this.flush()); tries++) {
      if (tries === 50) {
        this.errors.push('a flush never succeeded again');
        return;
      }
    }
    await this.attempt(() => this.tracker.close());
  }

  /** The files of this process that belong to unfinished work. */
  temporaryFiles(): string[] {
    return fs.readdirSync(this.home).filter((name) => {
      const side = parseSideFile(name, 'costs.json');
      return name === 'costs.json.lock' || (side?.owner.pid === process.pid && side.kind !== 'journal');
    });
  }

  /** After the process has ended: makes its files those of a dead process, and its lock old. */
  bury(): void {
    this.afterwards?.();
    this.disk.dispose();
    for (const name of fs.readdirSync(this.home)) {
      const path = join(this.home, name);
      if (name === 'costs.json.lock') fs.utimesSync(path, 0, 0);
      const side = parseSideFile(name, 'costs.json');
      if (side?.owner.pid === process.pid) {
        fs.renameSync(path, join(this.home, name.replace(`.${process.pid}-`, `.${DEAD_PID}-`)));
      }
    }
  }

  /** Opens the ledger again and compares it with the log. Returns the differences. */
  async check(): Promise<string[]> {
    const wrong = [...this.errors];
    const fresh = new CostTracker({ ledger: this.ledger, disk: blockingDisk });
    const seen = new Set((await fresh.read()).map(({ usage_id }) => usage_id));
    for (const id of this.acknowledged)
      if (!seen.has(id) && !this.hidden.has(id)) wrong.push(`${id} is not shown after reopening`);
    await fresh.track(usage('probe'));
    if (!(await fresh.flush(120_000))) wrong.push('the next record could not be committed');
    this.#checkFile(wrong, 'after the next record');
    if ([...this.leaving].some((id) => !this.#ids().includes(id))) {
      // By another object, because the last change of the fresh one was to record the probe.
      const command = new CostTracker({ ledger: this.ledger });
      await command.undo();
      await command.close();
      const ids = this.#ids();
      for (const id of this.leaving)
        if (!ids.includes(id)) wrong.push(`${id} was taken out, and undo does not find it`);
    }
    this.#checkFile(wrong, 'in the end', true);
    await fresh.close();
    const left = fs.readdirSync(this.home).filter((name) => /\.(journal|tok|tmp)$|\.lock$/.test(name));
    if (left.length > 0) wrong.push(`left behind: ${left.join(' ')}`);
    return wrong;
  }

  dispose(): void {
    this.disk.dispose();
    fs.rmSync(this.#root, { recursive: true, force: true });
  }

  #leaves(id: string): void {
    this.acknowledged.delete(id);
    this.leaving.add(id);
  }

  #ids(): unknown[] {
    const elements = JSON.parse(fs.readFileSync(this.ledger, 'utf8')) as ({ usage_id?: string } | null)[];
    return elements.map((each) => each?.usage_id);
  }

  #checkFile(wrong: string[], when: string, undone = false): void {
    const ids = this.#ids();
    const counts = new Map<unknown, number>();
    for (const id of ids) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const id of [...this.acknowledged, 'probe']) {
      if (counts.get(id) !== 1) wrong.push(`${id} stands ${counts.get(id) ?? 0} times in the ledger ${when}`);
    }
    for (const [id, count] of counts) if (count > 1) wrong.push(`${String(id)} stands ${count} times in it ${when}`);
    for (const id of this.refused) if (counts.has(id)) wrong.push(`${id} was refused and is in the ledger ${when}`);
    if (!undone) for (const id of this.gone) if (counts.has(id)) wrong.push(`${id} was removed and is there ${when}`);
    const text = fs.readFileSync(this.ledger);
    for (const each of this.verbatim) if (!text.includes(each)) wrong.push(`lost, byte for byte: ${each}`);
    const aside = fs.readdirSync(this.home).filter((name) => /^costs\.json($|\.(corrupt|cleared|undo))/.test(name));
    const kept = aside.map((name) => fs.readFileSync(join(this.home, name)));
    for (const bytes of this.unreadable) {
      if (!kept.some((file) => file.includes(bytes))) wrong.push(`unreadable bytes lost ${when}: ${bytes.toString()}`);
    }
  }
}

export function sideFileOfDead(random: string, kind: 'journal' | 'tok' | 'tmp'): string {
  const [, owner] = /^\.costs\.json\.\d+-(.*)-[0-9a-f]+\.tok$/.exec(ownToken())!;
  return `.costs.json.${DEAD_PID}-${owner}-${random}.${kind}`;
}

function ownToken(): string {
  return sideFileName('costs.json', 'tok');
}
