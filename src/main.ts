#!/usr/bin/env node
// The entry file: refuses a Node that is too old in one sentence, then starts the command line. Before that it imports
// nothing, and it uses only old syntax, because an old Node must be able to read it (built; only a new one reads
// TypeScript).

const NODE_MAJOR_MIN = 24;

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  void import('./commands.ts');
} else {
  const remedy = 'install it, or run node_modules/.bin/node, which `npm start` puts there';
  process.stderr.write(
    `Node ${NODE_MAJOR_MIN} or newer is needed, and ${process.execPath} is Node ${process.versions.node}: ${remedy}. [node_too_old]\n`,
  );
  process.exitCode = 1;
}
