import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STORES, llmSpend, llmSpendAs } from './harness.ts';
import { idsIn } from './plainly.ts';
import { placeOf } from './proof.ts';

/** Ledgers that no commit can replace: the acknowledgement must contain the record's location. */

function works(script: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-obstacles-'));
  try {
    writeFileSync(join(folder, 'file'), '');
    execFileSync('sh', ['-c', script], { cwd: folder, stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const RECORD = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1', '--json'];
const idOf = (stdout: string): string => (JSON.parse(stdout) as { usage_id: string }).usage_id;

const canMount = works('unshare --mount mount --bind file file');

describe.skipIf(!canMount).each(STORES)('a %s ledger mounted as a single file (needs root)', (_, file) => {
  const place = placeOf(file);

  it('is refused before anything is recorded, and says which folder to mount', () => {
    writeFileSync(join(place.folder, 'elsewhere'), file.endsWith('.json') ? '[]' : '');
    writeFileSync(place.ledger, '');
    const mount = `mount --bind "${place.folder}/elsewhere" "${place.ledger}" && exec "$0" "$@"`;
    const mounted = { command: 'unshare', args: ['--mount', 'sh', '-c', mount] };
    const { code, stdout } = llmSpendAs(mounted, place.ledger, ...RECORD);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'mounted' } });
    expect(stdout).toContain(`Mount its folder ${place.folder} instead`);
    expect(readdirSync(place.folder).toSorted()).toEqual([file, 'elsewhere'].toSorted());
    const verified = llmSpendAs(mounted, place.ledger, 'verify', '--json');
    expect(verified.code).toBe(5);
    expect(JSON.parse(verified.stdout)).toMatchObject({ problems: [{ code: 'not-committed', severity: 'warning' }] });
    const [verdict] = llmSpendAs(mounted, place.ledger, 'verify').stdout.split('\n');
    expect(verdict).toBe(
      `${place.ledger} ${file.endsWith('.json') ? 'can be read, with warnings' : 'does not exist yet'}.`,
    );
  });
});

const canBeImmutable = works('chattr +i file && chattr -i file');
const canBeAppendOnly = works('chattr +a file && chattr -a file');
const canBeAnotherUser = works('setpriv --reuid 65533 --regid 65533 --clear-groups true');

describe.skipIf(!canBeImmutable || !canBeAppendOnly).each([
  ['immutable', 'i'],
  ['append-only', 'a'],
])('a ledger that is %s (needs root, and a file system with attributes)', (_, attribute) => {
  const place = placeOf('costs.json');

  it('leaves the record durable in a journal, and says so by warning and exit code until it can be written', () => {
    writeFileSync(place.ledger, '[]');
    execFileSync('chattr', [`+${attribute}`, place.ledger]);
    try {
      const { code, stdout, stderr } = llmSpend(place.ledger, ...RECORD);
      expect(code).toBe(5);
      expect(stderr).toContain(`${place.ledger} is immutable`);
      expect((JSON.parse(stdout) as { waiting: string }).waiting).toContain('durable in a journal');
      const verified = llmSpend(place.ledger, 'verify', '--json');
      expect(verified.code).toBe(5);
      expect(JSON.parse(verified.stdout)).toMatchObject({ pending: 1, problems: [{ code: 'not-committed' }] });
      expect(llmSpend(place.ledger, 'verify').stdout).toContain(`${place.ledger} can be read, with warnings.\n`);
      execFileSync('chattr', [`-${attribute}`, place.ledger]);
      const next = llmSpend(place.ledger, ...RECORD);
      expect(next.code).toBe(0);
      expect(idsIn(place.ledger).toSorted()).toEqual([idOf(stdout), idOf(next.stdout)].toSorted());
    } finally {
      execFileSync('chattr', [`-${attribute}`, place.ledger]);
    }
  });
});

describe.skipIf(!canBeImmutable)('an immutable SQLite ledger (needs root)', () => {
  const place = placeOf('costs.db');

  it('refuses the record and says that the file is immutable', () => {
    expect(llmSpend(place.ledger, ...RECORD).code).toBe(0);
    execFileSync('chattr', ['+i', place.ledger]);
    try {
      const { code, stdout } = llmSpend(place.ledger, ...RECORD);
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'read-only' } });
      expect(stdout).toContain(`${place.ledger} is immutable`);
    } finally {
      execFileSync('chattr', ['-i', place.ledger]);
    }
    expect(idsIn(place.ledger)).toHaveLength(1);
  });
});

describe.skipIf(!canBeAnotherUser)("another user's ledger in a folder with the sticky bit (needs root)", () => {
  const place = placeOf('costs.json');
  const other = { command: 'setpriv', args: ['--reuid', '65533', '--regid', '65533', '--clear-groups'] };

  it('leaves the record in a journal, says why, and leaves no other file behind', () => {
    expect(llmSpend(place.ledger, ...RECORD).code).toBe(0);
    chmodSync(place.ledger, 0o666);
    chmodSync(place.folder, 0o1777);
    const { code, stdout, stderr } = llmSpendAs(other, place.ledger, ...RECORD);
    expect(stderr).toContain(`${place.ledger} belongs to another user`);
    expect(code).toBe(5);
    const names = readdirSync(place.folder).filter((name) => !name.endsWith('.journal'));
    expect(names.toSorted()).toEqual(['costs.json', 'costs.json.prev']);
    expect(llmSpendAs(other, place.ledger, 'verify').code).toBe(5);
    const next = llmSpend(place.ledger, ...RECORD);
    expect(next.code).toBe(0);
    expect(idsIn(place.ledger)).toContain(idOf(stdout));
    expect(idsIn(place.ledger)).toHaveLength(3);
  });
});

describe("something of another program where the commits' lock goes", () => {
  const place = placeOf('costs.json');

  it.each([
    ['a file', (lock: string) => writeFileSync(lock, 'pid 7')],
    [
      'a folder that is not empty',
      (lock: string) => {
        mkdirSync(lock);
        writeFileSync(join(lock, 'host-7'), '');
      },
    ],
  ])('does not keep records from the ledger: %s', (_, put) => {
    put(`${place.ledger}.lock`);
    const ids = [1, 2, 3].map(() => {
      const { code, stdout } = llmSpend(place.ledger, ...RECORD);
      expect(code).toBe(0);
      return idOf(stdout);
    });
    expect(idsIn(place.ledger)).toEqual(ids);
    expect(readdirSync(place.folder).filter((name) => name.endsWith('.journal'))).toEqual([]);
    const { code, stdout } = llmSpend(place.ledger, 'verify', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ problems: [{ code: 'obstructed-lock', severity: 'warning' }] });
  });
});

describe('a folder where the previous version goes', () => {
  const place = placeOf('costs.json');

  it('is named instead of the ledger', () => {
    expect(llmSpend(place.ledger, ...RECORD).code).toBe(0);
    mkdirSync(`${place.ledger}.prev`);
    const { code, stderr } = llmSpend(place.ledger, ...RECORD);
    expect(code).toBe(5);
    expect(stderr).toContain(`${place.ledger}.prev is a folder`);
  });
});
