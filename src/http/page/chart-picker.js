// The form that sets the span of the charts from one time to another. It checks the times and says what is wrong; the
// frame shows the span (chart-frame.js).

import { serverNowMs } from './api.js';
import { inputTime, localTime, problemOf } from './chart-times.js';
import { make, setText } from './dom.js';
import { span } from './format.js';
import { t } from './words.js';

/** @typedef {import('./chart-times.js').Span} Span */

/**
 * @param {{ shown: () => Span, leastSpanMs: number, chosen: (span: Span) => void }} owner
 * @returns {HTMLElement}
 */
export function chartPicker({ shown, leastSpanMs, chosen }) {
  const from = timeInput('span-from');
  const to = timeInput('span-to');
  const problem = make('p', { class: 'problem', role: 'status', id: 'span-problem' });
  const now = make('button', { type: 'button', class: 'ghost', id: 'span-now' }, t('chart.picker.now'));
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const form = make(
    'form',
    { novalidate: '', 'aria-label': t('chart.picker') },
    make('label', { for: 'span-from' }, t('chart.picker.from')),
    from,
    make('label', { for: 'span-to' }, t('chart.picker.to')),
    to,
    now,
    make('button', { type: 'submit', class: 'ghost' }, t('chart.picker.show')),
    make('span', { class: 'quiet' }, t('time.zone', { zone: timeZone })),
    problem,
  );
  const details = make(
    'details',
    { class: 'picker', id: 'span-picker' },
    make('summary', {}, t('chart.picker')),
    form,
  );
  const say = (/** @type {string} */ text, /** @type {readonly HTMLInputElement[]} */ wrong) => {
    setText(problem, text);
    for (const input of [from, to]) input.setAttribute('aria-invalid', String(wrong.includes(input)));
  };
  details.addEventListener('toggle', () => {
    if (!(details instanceof HTMLDetailsElement) || !details.open) return;
    const { fromMs, toMs } = shown();
    from.value = inputTime(fromMs);
    to.value = inputTime(toMs);
    say('', []);
  });
  now.addEventListener('click', () => (to.value = inputTime(serverNowMs())));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const [fromMs, toMs] = [localTime(from), localTime(to)];
    const wrong = problemOf(fromMs, toMs, leastSpanMs, serverNowMs());
    if (wrong === null) {
      say('', []);
      chosen({ fromMs, toMs });
      return;
    }
    const inputs = [from, to].filter((input) => Number.isNaN(localTime(input)));
    say(t(`chart.picker.${wrong}`, { least: span(leastSpanMs) }), inputs.length > 0 ? inputs : [to]);
    (inputs[0] ?? to).focus();
  });
  return details;
}

/** @param {string} id */
function timeInput(id) {
  const attributes = { id, type: 'datetime-local', 'aria-describedby': 'span-problem', required: '' };
  return /** @type {HTMLInputElement} */ (make('input', attributes));
}
