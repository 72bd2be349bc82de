import { afterEach } from 'vitest';
import { pictureFailure } from './sharedEditor.ts';

/** Of each file of the end-to-end tests: what the person would have seen where a test fails. */
afterEach(async ({ task }) => {
  // A page that does not answer must not hide the failure itself.
  if (task.result?.state === 'fail') await pictureFailure(task.name).catch(() => undefined);
});
