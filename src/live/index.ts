/**
 * Live recording and connecting, for the editor: a bundle that the extension loads once an agent is connected or about to be, so that
 * its start does not pay for it.
 */
export { CONNECTABLE } from './connect/agents.ts';
export { applyChange, changedLines, connection, disconnection, isFound } from './connect/connect.ts';
export { keepClaudeLogs, KEPT_DAYS } from './connect/keepLogs.ts';
export { LiveIntake } from './intake.ts';
export { liveSettings } from './settings.ts';
export { SharedReceiver } from './share.ts';
