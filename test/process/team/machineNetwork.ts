import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FORWARDER = fileURLToPath(new URL('forwarder.ts', import.meta.url));

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** The network of one machine: a namespace of Linux whose only link leads to this machine, and can be cut. */
export class MachineNetwork {
  readonly #name: string;
  readonly #link: string;
  #forwarder: ChildProcess | undefined;

  private constructor(name: string, link: string) {
    this.#name = name;
    this.#link = link;
  }

  /** @param port the server's, here and in the namespace. Rejects where namespaces cannot be made. */
  static async make(index: number, port: number): Promise<MachineNetwork> {
    const network = new MachineNetwork(`llm-spend-${process.pid}-${index}`, `lls${process.pid % 100_000}-${index}`);
    const [name, link] = [network.#name, network.#link];
    const subnet = `10.213.${index}`;
    ip('netns', 'add', name);
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'out', 'netns', name);
    ip('address', 'add', `${subnet}.1/30`, 'dev', link);
    ip('-n', name, 'address', 'add', `${subnet}.2/30`, 'dev', 'out');
    ip('link', 'set', link, 'up');
    for (const each of ['lo', 'out']) ip('-n', name, 'link', 'set', each, 'up');
    const [program, ...args] = network.command([process.execPath, FORWARDER, `${port}`, `${subnet}.1`]);
    network.#forwarder = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(network.#forwarder.stdout!, 'data');
    return network;
  }

  /** The command that runs another one in this network. */
  command(command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#name, ...command];
  }

  /** Takes the machine off the network, without any connection being closed, or back. */
  setOnline(isOnline: boolean): void {
    ip('link', 'set', this.#link, isOnline ? 'up' : 'down');
  }

  dispose(): void {
    this.#forwarder?.kill('SIGKILL');
    ip('netns', 'delete', this.#name);
  }
}
