import { describe, expect, it } from 'vitest';
import { LONG } from '../../long.ts';
import { hasServerPrograms } from '../../fixtures/postgres.ts';
import { teamSoak } from './teamSoak.ts';

/** The quick form; `npm run test:soak -- unit` runs ten minutes, and `npm run test:soak -- team [SECONDS]` this alone. */
const SECONDS = Number(process.env['LLM_SPEND_SOAK_TEAM'] ?? (LONG ? 600 : 4));
/** The long form, by root: each machine has its own network, and is offline now and then. */
const HAS_NETWORKS = SECONDS > 60 && process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!hasServerPrograms())('five machines of a team', () => {
  it(
    'make the union of their ledgers, whatever is killed and cut',
    async () => {
      const result = await teamSoak({ seconds: SECONDS, machines: 5, networks: HAS_NETWORKS });
      if (SECONDS > 60) console.log(JSON.stringify(result));
      expect(result.faults).toEqual([]);
      expect(result.kills).toBeGreaterThan(0);
      expect(result.serverKills).toBeGreaterThan(0);
      expect(result.acknowledged).toBeGreaterThan(20);
    },
    (SECONDS + 600) * 1000,
  );
});
