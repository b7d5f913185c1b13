#!/usr/bin/env node
// The entry file: decides what an early signal does, refuses a Node that is too old in one sentence, then starts the
// command line. Before that it imports nothing, and it uses only old syntax, because an old Node must be able to read
// its built form. Only a new Node reads TypeScript.

const NODE_MAJOR_MIN = 24;

// Loading the service takes up to a second, in which nothing is open: a signal ends it at once. As soon as the service
// listens to the signal itself (cli/until-signal.ts has the same five), this listener does nothing.
const words = process.argv.slice(2);
const word = words[0] === '--env-file' ? words[2] : words.find((each) => !each.startsWith('--env-file='));
if (word === undefined || word === 'serve') {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTERM']) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(0);
    });
  }
}

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  void import('./commands.ts');
} else {
  const remedy = 'install it, or in a clone run node_modules/.bin/node, which `npm start` puts there';
  process.stderr.write(
    `Node ${NODE_MAJOR_MIN} or newer is needed, and ${process.execPath} is Node ${process.versions.node}: ${remedy}. [node_too_old]\n`,
  );
  process.exitCode = 1;
}
