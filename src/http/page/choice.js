// Binds a group of radio buttons to a parameter of the address, so that a link and the back button bring the choice back.
// The choices of a dashboard change only while the address is that of the dashboard: another view has parameters of its
// own, which may have the same names.

import * as address from './address.js';
import { byId } from './dom.js';

/**
 * Calls `chosen` with the value of the group, now and after each change by the user or by the address. The value is that
 * of the address if the group offers it, otherwise the one that the file of the page has checked: the default, which the
 * address leaves out. The function that it returns chooses another value without a new step for the back button.
 * @param {string} id of the group
 * @param {string} name of the parameter
 * @param {(value: string) => void} chosen
 * @param {readonly string[]} [clears] other parameters, which each choice removes
 * @returns {(value: string) => void}
 */
export function bindChoice(id, name, chosen, clears = []) {
  const group = byId(id);
  const inputs = [...group.querySelectorAll('input')];
  const standard = inputs.find((input) => input.defaultChecked)?.value ?? '';
  /** @type {string | null} */
  let shown = null;
  const show = () => {
    if (!address.isDashboard() && shown !== null) return;
    const asked = address.get(name);
    const value = inputs.some((input) => input.value === asked && !input.disabled) ? asked : standard;
    for (const input of inputs) input.checked = input.value === value;
    if (value === shown || value === null) return;
    shown = value;
    chosen(value);
  };
  const note = (/** @type {string} */ value, /** @type {boolean} */ replace) => {
    const cleared = Object.fromEntries(clears.map((other) => [other, null]));
    address.set({ ...cleared, [name]: value === standard ? null : value }, { replace });
    show();
  };
  group.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.checked) note(target.value, false);
  });
  address.listen(show);
  show();
  return (value) => note(value, true);
}
