/** Live recording and connecting: a bundle that the extension and the command load when they first need it. */
export { CONNECTABLE, HOOKS } from './connect/agents.ts';
export {
  applyChange,
  backupPath,
  changedLines,
  connectable,
  connection,
  disconnection,
  isFound,
} from './connect/connect.ts';
export type { SettingsChange } from './connect/connect.ts';
export { SettingsError } from './connect/edit.ts';
export { keepClaudeLogs, KEPT_DAYS } from './connect/keepLogs.ts';
export type { KeptLogs } from './connect/keepLogs.ts';
export { exporterEnvironment, ownCollector } from './environment.ts';
export { Forwarder } from './forward.ts';
export { LiveIntake } from './intake.ts';
export { usagesOf, type LiveReport } from './liveCall.ts';
export { liveAgents } from './liveReport.ts';
export { selectCalls, type SpanNode } from './nestedSpans.ts';
export { OtlpReceiver } from './receiver.ts';
export type { ReceiverEvent } from './receiver.ts';
export { isPort, liveSettings } from './settings.ts';
export { SharedReceiver } from './share.ts';
