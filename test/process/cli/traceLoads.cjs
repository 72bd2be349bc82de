// Says on stderr which files a process loads.
const { Module } = require('node:module');

const load = Module._load;
Module._load = (request, ...rest) => {
  process.stderr.write(`${request}\n`);
  return load(request, ...rest);
};
