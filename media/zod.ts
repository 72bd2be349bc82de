import * as z from 'zod/mini';

// Zod compiles its parsers with `new Function` where it may. The content security policy forbids that, and each try would
// be reported as a violation. Imported first: schemas decide when they are made.
z.config({ jitless: true });
