import { rmSync } from 'node:fs';
import type { World } from './world.ts';

/** A history with the usage that made it. @returns the folders of the repositories. */
export type Scenario = (world: World) => string[];

const start = (world: World, where = 'site'): void => {
  world.init(where);
  world.use(where, 'first');
  world.commit(where, 'first');
};

/** A usage and the commit that it made, several times. */
const work = (world: World, where: string, ...subjects: string[]): void => {
  for (const subject of subjects) {
    world.wait(5);
    world.use(where, subject);
    world.use(where, subject);
    world.commit(where, subject);
  }
};

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'one branch': (world) => {
    start(world);
    work(world, 'site', 'a', 'b', 'c');
    world.use('site', 'open');
    return ['site'];
  },
  'commits within one second of the usage': (world) => {
    start(world);
    for (const subject of ['a', 'b', 'c', 'd']) {
      world.now += 1000;
      world.use('site', subject);
      world.now -= 2 * 60_000 - 300;
      world.commit('site', subject);
      world.now -= 60_000;
    }
    return ['site'];
  },
  amend: (world) => {
    start(world);
    work(world, 'site', 'a', 'b');
    world.use('site', 'b, better');
    for (const each of world.used) if (each.truth === 'b') each.truth = 'b, better';
    world.change('site');
    world.git('site', 'commit', '-q', '-a', '--amend', '-m', 'b, better');
    world.wait(2);
    work(world, 'site', 'c');
    return ['site'];
  },
  'a branch merged with a merge commit': (world) => {
    start(world);
    world.git('site', 'checkout', '-q', '-b', 'ABC-12-login');
    work(world, 'site', 'a', 'b');
    world.git('site', 'checkout', '-q', 'main');
    work(world, 'site', 'c');
    world.git('site', 'merge', '-q', '--no-ff', '-m', "Merge branch 'ABC-12-login'", 'ABC-12-login');
    world.git('site', 'branch', '-q', '-d', 'ABC-12-login');
    work(world, 'site', 'd');
    return ['site'];
  },
  rebase: (world) => {
    start(world);
    world.git('site', 'checkout', '-q', '-b', 'feature');
    work(world, 'site', 'a', 'b');
    world.git('site', 'checkout', '-q', 'main');
    work(world, 'site', 'c');
    world.git('site', 'checkout', '-q', 'feature');
    world.git('site', 'rebase', '-q', 'main');
    world.wait(1);
    work(world, 'site', 'd');
    world.git('site', 'checkout', '-q', 'main');
    world.git('site', 'merge', '-q', '--ff-only', 'feature');
    world.git('site', 'branch', '-q', '-d', 'feature');
    return ['site'];
  },
  'rebase that resets the author': (world) => {
    start(world);
    world.git('site', 'checkout', '-q', '-b', 'feature');
    work(world, 'site', 'a', 'b');
    world.git('site', 'checkout', '-q', 'main');
    work(world, 'site', 'c');
    world.git('site', 'checkout', '-q', 'feature');
    world.wait(3);
    world.git('site', 'rebase', '-q', '--ignore-date', 'main');
    return ['site'];
  },
  'rebase with a fixup': (world) => {
    start(world);
    world.git('site', 'checkout', '-q', '-b', 'feature');
    work(world, 'site', 'a', 'b');
    world.use('site', 'a');
    world.change('site', 'a.txt');
    world.git('site', 'commit', '-q', '-a', '--fixup', 'HEAD~1');
    world.wait(2);
    world.git('site', '-c', 'sequence.editor=true', 'rebase', '-q', '-i', '--autosquash', 'main');
    world.wait(2);
    work(world, 'site', 'c');
    return ['site'];
  },
  'squash merge, branch removed': (world) => {
    start(world);
    world.git('site', 'checkout', '-q', '-b', 'feature');
    work(world, 'site', 'a', 'b');
    world.git('site', 'checkout', '-q', 'main');
    work(world, 'site', 'c');
    world.git('site', 'merge', '-q', '--squash', 'feature');
    world.git('site', 'commit', '-q', '-m', 'Feature (#7)');
    world.wait(1);
    world.git('site', 'branch', '-q', '-D', 'feature');
    for (const each of world.used) if (['a', 'b'].includes(each.truth)) each.truth = 'Feature (#7)';
    work(world, 'site', 'd');
    return ['site'];
  },
  'squash by a soft reset': (world) => {
    start(world);
    work(world, 'site', 'a', 'b', 'c');
    world.git('site', 'reset', '-q', '--soft', 'HEAD~3');
    world.use('site', 'all of it');
    world.git('site', 'commit', '-q', '-m', 'all of it');
    for (const each of world.used) if (['a', 'b', 'c'].includes(each.truth)) each.truth = 'all of it';
    return ['site'];
  },
  'two agents at once in worktrees': (world) => {
    start(world);
    world.git('site', 'worktree', 'add', '-q', '-b', 'one', '../site-one');
    world.git('site', 'worktree', 'add', '-q', '-b', 'two', '../site-two');
    for (const i of [1, 2, 3]) {
      world.use('site-one', `one ${i}`);
      world.use('site-two', `two ${i}`);
      world.use('site-one', `one ${i}`);
      world.commit('site-one', `one ${i}`);
      world.use('site-two', `two ${i}`);
      world.commit('site-two', `two ${i}`);
    }
    world.use('site-two', 'open');
    return ['site'];
  },
  'worktree removed after its branch was merged': (world) => {
    start(world);
    world.git('site', 'worktree', 'add', '-q', '-b', 'agent', '../site/.agents-agent');
    work(world, 'site/.agents-agent', 'a', 'b');
    world.git('site', 'worktree', 'remove', '--force', '.agents-agent');
    world.git('site', 'merge', '-q', '--no-ff', '-m', "Merge branch 'agent'", 'agent');
    for (const { record } of world.used) if (record.project === '.agents-agent') record.session_id = 'session site';
    work(world, 'site', 'c');
    return ['site'];
  },
  'detached head': (world) => {
    start(world);
    world.git('site', 'worktree', 'add', '-q', '--detach', '../site-detached');
    work(world, 'site-detached', 'a', 'b');
    world.use('site-detached', 'open');
    return ['site-detached'];
  },
  'a branch made after the work began': (world) => {
    start(world);
    world.use('site', 'a');
    world.git('site', 'checkout', '-q', '-b', 'late');
    world.use('site', 'a');
    world.commit('site', 'a');
    world.git('site', 'checkout', '-q', 'main');
    work(world, 'site', 'b');
    return ['site'];
  },
  'a renamed branch': (world) => {
    start(world);
    world.git('site', 'checkout', '-q', '-b', 'old');
    world.use('site', 'a');
    world.git('site', 'branch', '-m', 'old', 'new');
    world.commit('site', 'a');
    work(world, 'site', 'b');
    return ['site'];
  },
  'force-push from another clone': (world) => {
    start(world);
    world.init('origin.git', '--bare');
    world.git('site', 'remote', 'add', 'origin', world.path('origin.git'));
    work(world, 'site', 'a', 'b');
    world.git('site', 'push', '-q', '-u', 'origin', 'main');
    world.git('.', 'clone', '-q', world.path('origin.git'), 'other');
    world.change('other');
    world.email = 'you@example.com';
    world.git('other', 'commit', '-q', '-a', '--amend', '--allow-empty', '-m', 'b');
    world.git('other', 'push', '-q', '--force');
    world.email = 'me@example.com';
    world.git('site', 'fetch', '-q');
    world.git('site', 'reset', '-q', '--hard', 'origin/main');
    work(world, 'site', 'c');
    return ['site'];
  },
  'cherry-pick': (world) => {
    start(world);
    world.git('site', 'branch', '-q', 'release');
    work(world, 'site', 'a', 'b');
    world.git('site', 'checkout', '-q', 'release');
    world.git('site', 'cherry-pick', 'main');
    world.wait(1);
    work(world, 'site', 'c');
    return ['site'];
  },
  'commits of others that are pulled': (world) => {
    start(world);
    world.git('.', 'clone', '-q', 'site', 'other');
    world.use('site', 'a');
    world.wait(5);
    world.email = 'you@example.com';
    world.commit('other', 'of another');
    world.email = 'me@example.com';
    world.git('site', 'pull', '-q', '--no-rebase', world.path('other'), 'main');
    world.use('site', 'a');
    world.commit('site', 'a');
    work(world, 'site', 'b');
    return ['site'];
  },
  submodule: (world) => {
    start(world, 'library');
    start(world);
    world.git('site', 'submodule', '-q', 'add', world.path('library'), 'vendor');
    world.commit('site', 'add vendor');
    world.git('site/vendor', 'config', 'user.email', 'me@example.com');
    for (const i of [1, 2]) {
      world.use('site/vendor', `vendor ${i}`);
      world.use('site', `site ${i}`);
      world.commit('site/vendor', `vendor ${i}`);
      world.commit('site', `site ${i}`);
    }
    for (const each of world.used) if (each.record.project === 'library') each.record.session_id = 'library';
    return ['site', 'site/vendor', 'library'];
  },
  'old logs: a fresh clone without reflogs': (world) => {
    start(world, 'source/site');
    work(world, 'source/site', 'a', 'b');
    world.git('source/site', 'checkout', '-q', '-b', 'feature');
    work(world, 'source/site', 'c', 'd');
    world.git('source/site', 'checkout', '-q', 'main');
    world.git('source/site', 'merge', '-q', '--no-ff', '-m', 'Merge pull request #4 from me/feature', 'feature');
    world.git('source/site', 'branch', '-q', '-D', 'feature');
    world.wait(60);
    world.git('.', 'clone', '-q', 'source/site', 'site');
    rmSync(world.path('source'), { recursive: true });
    world.git('site', 'config', 'user.email', 'me@example.com');
    return ['site'];
  },
  'work that was dropped, and work from long ago': (world) => {
    start(world);
    world.use('site', 'none');
    world.wait(20 * 24 * 60);
    world.git('site', 'checkout', '-q', '-b', 'gone');
    work(world, 'site', 'dropped');
    world.use('site', 'none');
    world.git('site', 'checkout', '-q', 'main');
    work(world, 'site', 'a');
    world.git('site', 'branch', '-q', '-D', 'gone');
    world.use('site', 'none', { project: 'elsewhere', session_id: null });
    world.use('site', 'none', { project: null, session_id: null });
    world.use('site', 'open', { project: 'src' });
    return ['site'];
  },
  'two repositories with one branch, in folders of one name': (world) => {
    start(world, 'office/app');
    start(world, 'home/app');
    for (const i of [1, 2, 3]) {
      world.use('office/app', `office ${i}`);
      world.use('home/app', `home ${i}`);
      world.commit('office/app', `office ${i}`);
      world.commit('home/app', `home ${i}`);
    }
    // Nothing tells to which of them this belongs.
    world.use('office/app', 'none', { session_id: null });
    return ['office/app', 'home/app'];
  },
  'explicit commits': (world) => {
    start(world);
    const first = world.head('site');
    work(world, 'site', 'a');
    world.use('site', 'first', { commit: first });
    world.use('site', 'first', { commit: first.slice(0, 9), project: null, session_id: null });
    world.use('site', 'feedfacefeed', { commit: 'feedfacefeed' });
    return ['site'];
  },
  'stash and switch': (world) => {
    start(world);
    world.git('site', 'checkout', '-q', '-b', 'feature');
    work(world, 'site', 'a');
    world.use('site', 'b');
    world.change('site', 'a.txt');
    world.git('site', 'stash', '-q');
    world.git('site', 'checkout', '-q', 'main');
    work(world, 'site', 'hotfix');
    world.git('site', 'checkout', '-q', 'feature');
    world.git('site', 'stash', 'pop', '-q');
    world.commit('site', 'b');
    return ['site'];
  },
};
