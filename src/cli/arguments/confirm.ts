/** Asks on stderr, because programs read stdout. Only an explicit yes confirms; Ctrl+C and Ctrl+D decline. */
export async function confirmed(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const given = new AbortController();
  asking.on('SIGINT', () => given.abort()).on('close', () => given.abort());
  try {
    return /^y(es)?$/i.test((await asking.question(question, { signal: given.signal })).trim());
  } catch {
    return false;
  } finally {
    asking.close();
  }
}
