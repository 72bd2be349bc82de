export { disconnectCommand as command } from './connect.ts';
