/**
 * Explicit-state search: every state that a system of processes can reach, breadth first, each once, so that the first
 * violation found has a shortest trace.
 */

/** One state, as bytes, in canonical form: two states that behave alike have the same bytes. */
export type State = Uint8Array;

export interface System {
  initial: State;
  /** Calls `visit` for each state that one step of one process leads to, with the step in words. */
  successors(state: State, visit: (next: State, step: string) => void): void;
  /** What must never be, in words; undefined: all is well. */
  violation(state: State): string | undefined;
}

export interface Verdict {
  states: number;
  transitions: number;
  /** undefined: no reachable state violates anything. */
  violation: { what: string; trace: string[] } | undefined;
  /** false: the bound was reached first. */
  complete: boolean;
}

/** Bytes as a map key: one UTF-16 unit a byte. */
function keyOf(state: State): string {
  return String.fromCharCode(...state);
}

export function explore(system: System, maxStates: number): Verdict {
  const parents = [-1];
  const steps = [''];
  const seen = new Set([keyOf(system.initial)]);
  // Only the frontier keeps its bytes; behind it a parent and the step's name suffice for a trace.
  let frontier: { state: State; index: number }[] = [{ state: system.initial, index: 0 }];
  let transitions = 0;
  const names = new Map<string, string>();
  const traceOf = (index: number): string[] => {
    const trace: string[] = [];
    for (let at = index; at > 0; at = parents[at]!) trace.unshift(steps[at]!);
    return trace;
  };
  while (frontier.length > 0) {
    const next: typeof frontier = [];
    for (const { state, index } of frontier) {
      const what = system.violation(state);
      if (what !== undefined) {
        return { states: seen.size, transitions, violation: { what, trace: traceOf(index) }, complete: true };
      }
      system.successors(state, (successor, step) => {
        transitions++;
        const key = keyOf(successor);
        if (seen.has(key)) return;
        seen.add(key);
        let name = names.get(step);
        if (name === undefined) names.set(step, (name = step));
        parents.push(index);
        steps.push(name);
        next.push({ state: successor, index: parents.length - 1 });
      });
      if (seen.size > maxStates) return { states: seen.size, transitions, violation: undefined, complete: false };
    }
    frontier = next;
  }
  return { states: seen.size, transitions, violation: undefined, complete: true };
}
