import { fieldsOf, parseJson } from '../../fields.ts';
import { WASM } from './wasm.ts';

/**
 * Reads selected members of a JSON object from its bytes. Most of a log line is conversation text, and most of its members are
 * not needed: parsing all of it would take most of the time of an import, and create nearly all of its garbage.
 */

/** Kinds of results, and results of a scan: the same as in `assembly/index.ts`. */
const ABSENT = 0;
const OBJECT = 1;
const TEXT = 2;
const COUNT = 3;
const TRUE = 4;
const FALSE = 5;
const DONE = 0;
const INVALID = 1;

/** Size of a result in 32-bit words. */
const SLOT_WORDS = 4;
const START = 1;
const END = 2;
const VERSION = 3;

/** Node's types do not include it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

interface Scanner {
  memory: { buffer: ArrayBuffer };
  /** @param level the address of a table of wanted members. */
  scan(length: number, level: number): number;
  SLOTS: { value: number };
  MAX_SLOTS: { value: number };
  TABLES: { value: number };
  LINE: { value: number };
}

/** Reads the wanted members of one object after another. */
export class Members {
  readonly #paths: readonly (readonly string[])[];
  readonly #scanner = scanner();
  /** Two views of the scanner's whole memory. */
  readonly #bytes: Buffer;
  readonly #words: Int32Array;
  /** Addresses. */
  readonly #line: number;
  readonly #level: number;
  /** For each path, the word where its result begins. */
  readonly #slots: number[];
  /** For each path, the last text and its version: many are equal line after line. */
  readonly #texts: string[];
  readonly #versions: number[];
  /** The object as parsed by the engine, if that was necessary. */
  #parsed: object | undefined;

  /** @param paths names separated by dots: `message.usage.input_tokens`. */
  constructor(paths: readonly string[]) {
    this.#paths = paths.map((path) => path.split('.'));
    this.#texts = paths.map(() => '');
    this.#versions = paths.map(() => 0);
    const memory = this.#scanner?.memory.buffer ?? new ArrayBuffer(0);
    this.#bytes = Buffer.from(memory);
    this.#words = new Int32Array(memory);
    this.#line = this.#scanner?.LINE.value ?? 0;
    const tables = this.#scanner === undefined ? undefined : new Tables(this.#scanner, this.#bytes, this.#words);
    this.#level = tables?.write(treeOf(this.#paths)) ?? 0;
    this.#slots = this.#paths.map((path) => tables?.slots.get(path.join('.')) ?? 0);
  }

  /**
   * @param bytes valid UTF-8, not used after the call.
   * @returns whether it is JSON, and an object; if not, no member may be read.
   */
  read(bytes: Buffer): boolean {
    this.#parsed = undefined;
    const result = this.#scan(bytes);
    if (result === DONE || result === INVALID) return result === DONE;
    // It is too long or too deep, or a name contains escapes.
    this.#parsed = fieldsOf(parseJson(bytes.toString()));
    return this.#parsed !== undefined;
  }

  /** The value as `JSON.parse` returns it. undefined: it is missing. */
  value(path: number): unknown {
    if (this.#parsed !== undefined) return follow(this.#parsed, this.#paths[path]!);
    const words = this.#words;
    const slot = this.#slots[path]!;
    switch (words[slot]!) {
      case ABSENT:
        return undefined;
      case COUNT:
        return words[slot + START];
      case TRUE:
        return true;
      case FALSE:
        return false;
      case TEXT:
        if (words[slot + VERSION] !== this.#versions[path]) {
          this.#versions[path] = words[slot + VERSION]!;
          this.#texts[path] = this.#bytes.toString('utf8', words[slot + START]! + 1, words[slot + END]! - 1);
        }
        return this.#texts[path];
      default:
        return JSON.parse(this.#bytes.toString('utf8', words[slot + START], words[slot + END]));
    }
  }

  has(path: number): boolean {
    if (this.#parsed !== undefined) return follow(this.#parsed, this.#paths[path]!) !== undefined;
    return this.#words[this.#slots[path]!] !== ABSENT;
  }

  /** Whether the value is an object. Only for a path within which others are wanted. */
  isObject(path: number): boolean {
    if (this.#parsed !== undefined) return fieldsOf(follow(this.#parsed, this.#paths[path]!)) !== undefined;
    return this.#words[this.#slots[path]!] === OBJECT;
  }

  #scan(bytes: Buffer): number | undefined {
    // It writes 16 bytes after the line.
    if (this.#scanner === undefined || this.#line + bytes.length + 16 > this.#bytes.length) return undefined;
    bytes.copy(this.#bytes, this.#line);
    return this.#scanner.scan(bytes.length, this.#level);
  }
}

/** WebAssembly memory is little-endian, so our view of it must be. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** undefined without WebAssembly, or without address space for it: then the engine's parser is used for everything. */
function scanner(): Scanner | undefined {
  if (!IS_LITTLE_ENDIAN) return undefined;
  try {
    compiled ??= new WebAssembly.Module(Buffer.from(WASM, 'base64'));
    return new WebAssembly.Instance(compiled).exports as Scanner;
  } catch {
    return undefined;
  }
}

let compiled: object | undefined;

type Tree = Map<string, Tree>;

function treeOf(paths: readonly (readonly string[])[]): Tree {
  const root: Tree = new Map();
  for (const path of paths) {
    let tree = root;
    for (const name of path) {
      const inner: Tree = tree.get(name) ?? new Map<string, Tree>();
      tree.set(name, inner);
      tree = inner;
    }
  }
  return root;
}

/**
 * Writes the table of wanted members for the scanner. A level has four words: the number of members, their first slot, the slot
 * after the last one within them, unused; then four for each member: length of its name, address of the name, its slot, the
 * level within it.
 */
class Tables {
  /** For each path, the word where its result begins. */
  readonly slots = new Map<string, number>();
  readonly #scanner: Scanner;
  readonly #bytes: Buffer;
  readonly #words: Int32Array;
  /** The next free address. */
  #free: number;
  #slot = 0;

  constructor(of: Scanner, bytes: Buffer, words: Int32Array) {
    this.#scanner = of;
    this.#bytes = bytes;
    this.#words = words;
    this.#free = of.TABLES.value;
  }

  /** @returns the address of the level. */
  write(tree: Tree, path: readonly string[] = []): number {
    const address = this.#take(16 * (1 + tree.size));
    const level = address / 4;
    this.#words[level] = tree.size;
    this.#words[level + 1] = this.#slot;
    let member = level + 4;
    for (const [name, inner] of tree) {
      const slot = this.#slot++;
      if (slot >= this.#scanner.MAX_SLOTS.value)
        throw new RangeError('More members are wanted than there is room for.');
      const own = [...path, name];
      this.slots.set(own.join('.'), this.#scanner.SLOTS.value / 4 + slot * SLOT_WORDS);
      const length = Buffer.byteLength(name);
      const at = this.#take(length);
      this.#bytes.write(name, at);
      this.#words.set([length, at, slot, inner.size === 0 ? 0 : this.write(inner, own)], member);
      member += 4;
    }
    this.#words[level + 2] = this.#slot;
    return address;
  }

  #take(bytes: number): number {
    const address = this.#free;
    this.#free += 16 * Math.ceil(bytes / 16);
    if (this.#free > this.#scanner.LINE.value) throw new RangeError('The names of the wanted members are too long.');
    return address;
  }
}

function follow(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) at = fieldsOf(at)?.[name];
  return at;
}
