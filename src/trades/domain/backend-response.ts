// What a client is shown of the backend's answer: JSON if it is JSON, else text. Pure.

/** JSON that is nested deeper than this is shown as text, because writing it again would exhaust the stack. */
const RESPONSE_DEPTH_MAX = 64;

/** Reads the text of an answer; it never throws. */
export function readResponse(text: string): unknown {
  if (isDeep(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Counts brackets inside of strings too: then the answer is shown as text without need, and nothing else happens. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > RESPONSE_DEPTH_MAX) return true;
  }
  return false;
}
