import * as z from 'zod/mini';

// By default zod compiles parsers with `new Function`. The content security policy forbids that, and each attempt would be
// reported as a violation. Imported first, because the setting is read when schemas are created.
z.config({ jitless: true });
