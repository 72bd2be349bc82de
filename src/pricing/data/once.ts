/** Wraps a function that makes something, so that it runs at the first call and every call returns what it made. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
