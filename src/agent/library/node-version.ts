// Refuses a Node that is too old in one sentence. The library's entry imports it before everything else; it imports nothing
// and uses only old syntax, because an old Node must be able to read its built form.

const NODE_MAJOR_MIN = 24;

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  const error = new Error(
    `truebit-aggregator/agent needs Node ${NODE_MAJOR_MIN} or newer, and ${process.execPath} is Node ${process.versions.node}. [node_too_old]`,
  );
  // The frames would name files of this package only.
  error.stack = error.message;
  throw error;
}

/** The oldest major version of Node that runs the library. */
export const OLDEST_NODE = NODE_MAJOR_MIN;
