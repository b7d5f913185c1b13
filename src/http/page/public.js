// Whether this is the page for the public, which leaves out what concerns the operator alone: the elements with
// `data-private`, which page.css hides, and the numbers in them.

export const IS_PUBLIC = document.documentElement.dataset.public !== undefined;
