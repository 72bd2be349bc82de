/** The `code` of a system error, e.g. `ENOENT`; undefined for anything else. */
export function errno(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
