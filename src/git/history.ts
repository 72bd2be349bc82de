/** The history of one clone of a repository: the data from which usage is attributed to commits. */

export interface GitCommit {
  readonly hash: string;
  readonly parents: readonly string[];
  readonly tree: string;
  /** ms since the epoch. Unlike the time of the commit, it survives an amend, a rebase and a cherry-pick. */
  readonly authoredAt: number;
  readonly committedAt: number;
  readonly author: string;
  readonly email: string;
  /** The first line of the message, as it is: it may contain control characters. */
  readonly subject: string;
}

/** An entry of a reflog: a reference moved from one commit to another. */
export interface RefMove {
  /** An empty text where there was no commit before. */
  readonly from: string;
  readonly to: string;
  /** ms since the epoch; git stores whole seconds. */
  readonly at: number;
  /** The e-mail address of the user who moved it. */
  readonly email: string;
  /** For example `commit (amend): Fix it`. */
  readonly action: string;
}

export interface Worktree {
  /** The name of its log: `HEAD`, or `worktrees/<id>/HEAD`. */
  readonly log: string;
  readonly path: string;
  /** undefined for a detached head, a bare repository and a removed worktree. */
  readonly branch: string | undefined;
  /** The worktree existed in the past and its log is known, but it was removed. */
  readonly isRemoved: boolean;
}

export interface CloneHistory {
  /** The real path of the folder that all worktrees share (`git-common-dir`). */
  readonly commonDir: string;
  /** Without credentials, for example `github.com/owner/name`; undefined without a remote. */
  readonly remote: string | undefined;
  readonly defaultBranch: string | undefined;
  readonly isShallow: boolean;
  /** All commits ever seen, including those that no reference reaches any more. */
  readonly commits: ReadonlyMap<string, GitCommit>;
  /** Full names of references, such as `refs/heads/main`, and their commits. */
  readonly refs: ReadonlyMap<string, string>;
  readonly worktrees: readonly Worktree[];
  /** Logs by reference, oldest move first: `HEAD`, `worktrees/<id>/HEAD`, `refs/heads/<branch>`. */
  readonly logs: ReadonlyMap<string, readonly RefMove[]>;
  /** Addresses under which this user commits. */
  readonly ownEmails: ReadonlySet<string>;
  /** Identifies the change that a commit makes (`git patch-id`), for commits that may be copies of each other. */
  readonly patches: ReadonlyMap<string, string>;
}

export const HEADS = 'refs/heads/';
