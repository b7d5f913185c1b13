// The keys of a chart: what each of them asks for. It does nothing itself.

/**
 * `move` moves the cursor by a number of values; a fraction means a tenth of them. `edge` moves it to the first or the last
 * one.
 * @typedef {{ type: 'move', steps: number } | { type: 'edge', isLast: boolean } | { type: 'leave' } | { type: 'zoom', to: 'in' | 'out' | 'whole' }} KeyAction
 */

/** @type {Readonly<Record<string, KeyAction>>} */
const ACTIONS = {
  ArrowLeft: { type: 'move', steps: -1 },
  ArrowRight: { type: 'move', steps: 1 },
  PageUp: { type: 'move', steps: -0.1 },
  PageDown: { type: 'move', steps: 0.1 },
  Home: { type: 'edge', isLast: false },
  End: { type: 'edge', isLast: true },
  '+': { type: 'zoom', to: 'in' },
  '=': { type: 'zoom', to: 'in' },
  '-': { type: 'zoom', to: 'out' },
  0: { type: 'zoom', to: 'whole' },
  Escape: { type: 'leave' },
};

/** What a key asks for; null if it is not one of a chart. @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>} event */
export function keyAction({ key, ctrlKey, metaKey, altKey }) {
  return ctrlKey || metaKey || altKey ? null : (ACTIONS[key] ?? null);
}
