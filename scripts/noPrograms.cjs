/** In place of node:child_process for commander: see `noSubcommandFiles` in build.mjs. */
exports.spawn = () => {
  throw new Error('subcommands are no files');
};
