/** Wraps a function so that it runs at the first call, and every call returns that result. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
