const SHARDS = 64;

/** Id -> row. Split into many maps, so that growing one (which re-hashes all of it) never takes long. */
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
    // The end of an id varies most, whether it is random or counted.
    const { length } = id;
    const hash = id.charCodeAt(length - 1) * 31 + id.charCodeAt(length >> 1) * 7 + id.charCodeAt(length - 2);
    return this.#shards[hash % SHARDS] ?? (this.#shards[0] as Map<string, number>);
  }
}
