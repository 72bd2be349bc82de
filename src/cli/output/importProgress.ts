import type { ImportProgress } from '../../sources/import/options.ts';
import { jsonText } from '../../usage/jsonText.ts';
import { counted, megabytes } from '../report/numbers.ts';
import { progressBar } from './progressBar.ts';
import type { Terminal } from './terminal.ts';
import { t } from '../language/text.ts';

const PROGRESS_MS = 100;

/** Shows the progress of an import on stderr: a bar on a terminal, NDJSON for the editor. */
export class ImportProgressBar {
  readonly #terminal: Terminal;
  readonly #asJson: boolean;
  #shownAt = 0;
  #shown = false;

  constructor(terminal: Terminal, asJson: boolean) {
    this.#terminal = terminal;
    this.#asJson = asJson;
  }

  /** Whether progress is shown at all. */
  get isOn(): boolean {
    return this.#asJson || this.#terminal.err.isTTY;
  }

  show(title: string, { bytes, bytesDone, seen }: ImportProgress): void {
    const now = this.#terminal.now();
    if (now - this.#shownAt < PROGRESS_MS) return;
    this.#shownAt = now;
    if (this.#asJson) {
      void this.#terminal.err.line(jsonText({ progress: { title, bytes, bytes_done: bytesDone, seen } }));
      return;
    }
    this.#shown = true;
    const bar = progressBar(bytes === 0 ? 1 : bytesDone / bytes);
    void this.#terminal.err.raw(
      `\r${title} ${bar} ${t`${megabytes(bytesDone)} of ${megabytes(bytes)}`}, ${counted(seen, 'usage')}\u001B[K`,
    );
  }

  async clear(): Promise<void> {
    if (this.#shown) await this.#terminal.err.raw('\r\u001B[K');
  }
}
