import { writeFileAtomically } from '../../system/atomicFile.ts';
import { statuslinePath, statuslineKey, filesVersion, type Shown } from './shownLine.ts';

/** Caches a line for {@link shownLine}. A failure only makes the next call slower. */
export async function keepLine(
  argv: readonly string[],
  input: string,
  shown: Omit<Shown, 'key' | 'version'>,
): Promise<void> {
  const content: Shown = { ...shown, key: statuslineKey(argv, input), version: filesVersion(shown.files) };
  await writeFileAtomically(statuslinePath(argv, input), JSON.stringify(content), { durable: false }).catch(
    () => undefined,
  );
}
