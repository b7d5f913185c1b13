// The open labels that leave: their patterns are narrower than what the aggregator takes (docs/agent.md#messages). A text
// outside its pattern is left out, and `unknown` means the same as absent.

const CHAIN_ID = /^[0-9]{1,20}$/;
const TASK_TYPE = /^[a-z0-9][a-z0-9-]{0,15}$/;
const OPERATION = /^[a-z]{1,16}$/;
const TASK_NAME = /^([a-z]{1,8})_[0-9a-f]{64}$/;
const ABSENT = 'unknown';

/** True for a text that `chainId` may have. */
export function isChainId(text: string): boolean {
  return CHAIN_ID.test(text);
}

/** True for a text that `taskType` may have. */
export function isTaskType(text: string): boolean {
  return text !== ABSENT && TASK_TYPE.test(text);
}

/** True for a text that `operation` may have. */
export function isOperation(text: string): boolean {
  return text !== ABSENT && OPERATION.test(text);
}

/**
 * The type of a task: the given one if it has the form, else the letters before `_` of a `taskId` such as `rs_` and 64 hex
 * digits, else null. The 64 digits name a program, and never leave.
 */
export function taskTypeOf(taskType: string | null, taskId: string | null): string | null {
  if (taskType !== null && isTaskType(taskType)) return taskType;
  const letters = taskId === null ? null : TASK_NAME.exec(taskId)?.[1];
  return letters !== undefined && letters !== null && isTaskType(letters) ? letters : null;
}
