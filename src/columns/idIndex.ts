const SHARDS = 64;

/** Maps ids to rows. Split into many maps, because growing a map rehashes all of it and would take too long on a large one. */
export class IdIndex {
  readonly #shards: Map<string, number>[] = Array.from({ length: SHARDS }, () => new Map());

  get(id: string): number | undefined {
    return this.#shard(id).get(id);
  }

  set(id: string, row: number): void {
    this.#shard(id).set(id, row);
  }

  delete(id: string): void {
    this.#shard(id).delete(id);
  }

  clear(): void {
    for (const shard of this.#shards) shard.clear();
  }

  *keys(): Generator<string> {
    for (const shard of this.#shards) yield* shard.keys();
  }

  #shard(id: string): Map<string, number> {
    // The end of an id varies most, for random and for sequential ids.
    const { length } = id;
    const hash = id.charCodeAt(length - 1) * 31 + id.charCodeAt(length >> 1) * 7 + id.charCodeAt(length - 2);
    return this.#shards[hash % SHARDS] ?? (this.#shards[0] as Map<string, number>);
  }
}
