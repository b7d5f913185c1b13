// Makes text of strangers safe to repeat: on one line, short, and without what a chat would take for a command or markup.
// It knows no chat.

/** Characters with which chats begin a mention, a link, a table or code. */
const MARKUP = /[<>@`[\]|]/g;

/** Words of ASCII with single spaces between them, as most texts are: nothing in them needs to be replaced. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** The text on one line, without control characters, and of at most `charactersMax` characters and an ellipsis. */
export function oneLine(text: string, charactersMax: number): string {
  if (text.length <= charactersMax && PLAIN.test(text)) return text;
  const line = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  // A cut may leave half of a character.
  return (line.length > charactersMax ? `${line.slice(0, charactersMax)}…` : line).toWellFormed();
}

/** As {@link oneLine}, and without the characters with which a chat begins a mention, a link or code. */
export function plainText(text: string, charactersMax: number): string {
  return oneLine(text.replaceAll(MARKUP, ' '), charactersMax);
}

/** A sentence on one line and without its full stop, to stand among others. */
export function plainSentence(text: string): string {
  return oneLine(text, 1_000).replace(/\.$/, '');
}
