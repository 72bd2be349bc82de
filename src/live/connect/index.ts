/** Connects agents. Import it dynamically: most windows and commands never need it. */
export { CONNECTABLE } from './agents.ts';
export { applyChange, changedLines, connection, disconnection, isFound } from './connect.ts';
