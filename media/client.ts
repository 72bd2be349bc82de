import { FIRST_SNAPSHOT, PAGE_TEXTS, parseToView } from '../src/protocol/messages.ts';
import type { Action, HostAnswer, Question, HistorySnapshot, HostMessage, ToHost } from '../src/protocol/messages.ts';

import type { AskHost } from './model/questions.ts';
import { t } from './model/texts.ts';

/** The API that the editor gives to the page of a webview. */
export interface EditorApi {
  postMessage(message: ToHost): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** A newer request for the same purpose replaced this one. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

/** The snapshot embedded in the page by the host, if it exists and is valid. */
export function firstSnapshot(): HistorySnapshot | undefined {
  const content = document.querySelector<HTMLMetaElement>(`meta[name="${FIRST_SNAPSHOT}"]`)?.content;
  if (content === undefined) return undefined;
  try {
    const message = parseToView(JSON.parse(content));
    return message?.type === 'snapshot' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The page's texts in the user's language, as the host put them there; none for English. */
export function pageTexts(): Record<string, unknown> {
  const content = document.querySelector<HTMLMetaElement>(`meta[name="${PAGE_TEXTS}"]`)?.content;
  if (content === undefined) return {};
  try {
    const texts: unknown = JSON.parse(content);
    return typeof texts === 'object' && texts !== null ? { ...texts } : {};
  } catch {
    return {};
  }
}

interface Waiting {
  settle: (reply: HostMessage) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

interface Asked {
  purpose: string;
  questions: readonly Question[];
  resolve: (answers: HostAnswer[]) => void;
  reject: (error: Error) => void;
}

const ASK_TIMEOUT = 60_000;
/** Long, because the user may leave a file dialog open. */
const ACT_TIMEOUT = 60 * 60_000;

/**
 * The webview's end of the protocol. Questions asked in the same turn are sent as one message; a newer question for the same
 * purpose supersedes the older one; every promise settles, at the latest by its timeout.
 */
export class Client {
  readonly #api: EditorApi;
  readonly #waiting = new Map<number, Waiting>();
  /** The pending request of each purpose: the id of its message, and a function that abandons it. */
  readonly #live = new Map<string, { id: number; giveUp: () => void }>();
  #queue: Asked[] = [];
  #lastId = 0;

  /** @param listener receives messages that do not answer a request. */
  constructor(api: EditorApi, listener: (message: Extract<HostMessage, { type: 'snapshot' | 'show' }>) => void) {
    this.#api = api;
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = parseToView(event.data);
      if (message === undefined) return;
      if (message.type === 'snapshot' || message.type === 'show') listener(message);
      else this.#settle(message);
    });
  }

  /** See {@link AskHost}; a superseded request rejects with {@link Superseded}. */
  ask(...[purpose, questions]: Parameters<AskHost>): ReturnType<AskHost> {
    this.#giveUp(purpose);
    return new Promise((resolve, reject) => {
      this.#queue.push({ purpose, questions, resolve, reject });
      if (this.#queue.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  /** @returns a sentence to show, if there is one. Rejects with a readable error. */
  act(action: Action): Promise<string | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#wait(id, ACT_TIMEOUT, reject, (reply) => {
        if (reply.type === 'done') resolve(reply.text);
      });
      this.#api.postMessage({ type: 'act', id, action });
    });
  }

  post(message: ToHost): void {
    this.#api.postMessage(message);
  }

  #flush(): void {
    const asked = this.#queue;
    this.#queue = [];
    if (asked.length === 0) return;
    const id = ++this.#lastId;
    for (const { purpose, reject } of asked) {
      this.#live.set(purpose, { id, giveUp: () => reject(new Superseded()) });
    }
    const rejectAll = (error: Error): void => {
      for (const { purpose, reject } of asked) {
        this.#forget(purpose, id);
        reject(error);
      }
    };
    this.#wait(id, ASK_TIMEOUT, rejectAll, (reply) => {
      if (reply.type !== 'answer') return;
      let at = 0;
      for (const { purpose, questions, resolve } of asked) {
        this.#forget(purpose, id);
        resolve(reply.answers.slice(at, (at += questions.length)));
      }
    });
    this.#api.postMessage({ type: 'ask', id, questions: asked.flatMap(({ questions }) => questions) });
  }

  #wait(id: number, timeout: number, reject: (error: Error) => void, settle: (reply: HostMessage) => void): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(new Error(t('The extension did not answer in time.')));
    }, timeout);
    this.#waiting.set(id, { settle, reject, timer });
  }

  #settle(reply: Extract<HostMessage, { id: number }>): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    clearTimeout(waiting.timer);
    if (reply.type === 'failed') waiting.reject(new Error(reply.message));
    else waiting.settle(reply);
  }

  #giveUp(purpose: string): void {
    const queued = this.#queue.findIndex((asked) => asked.purpose === purpose);
    if (queued >= 0) this.#queue.splice(queued, 1)[0]?.reject(new Superseded());
    const live = this.#live.get(purpose);
    if (live === undefined) return;
    this.#live.delete(purpose);
    live.giveUp();
    // The message is cancelled once none of its requests is pending.
    if ([...this.#live.values()].some(({ id }) => id === live.id)) return;
    const waiting = this.#waiting.get(live.id);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    this.#waiting.delete(live.id);
    this.#api.postMessage({ type: 'cancel', id: live.id });
  }

  #forget(purpose: string, id: number): void {
    if (this.#live.get(purpose)?.id === id) this.#live.delete(purpose);
  }
}
