// Finding and writing the page's elements.

/** The element with this id. @throws Error if the page has none of that type */
export function element<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}.`);
  return found;
}

/** Sets the text of an element; one that has it already is left alone, since a change would be announced. */
export function write(id: string, text: string): void {
  const target = element(id, HTMLElement);
  if (target.textContent !== text) target.textContent = text;
}
