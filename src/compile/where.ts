// Which line of the user's program a stack leads to.

/** A frame as Chromium and Node (`    at f (file:1:2)`), or as Firefox and Safari (`f@file:1:2`) write it. */
const FRAME = /^\s*(?:at (?:async )?(?:(.*?) \()?|(.*?)@)(.*?:\d+:\d+)\)?$/;

const placesOf = (error: Error): string[] =>
  (error.stack ?? '').split('\n').flatMap((line) => FRAME.exec(line)?.[3] ?? []);

/** The folder of the library, or the file that it was put into. */
function library(): string {
  const [own = ''] = placesOf(new Error());
  return own.replace(/:\d+:\d+$/, '').replace(/compile\/where\.[jt]s.*$/, '');
}

/** The innermost place that is not the library's, in brackets; nothing if there is none. */
export function lineOf(error: Error | null): string {
  if (error === null) return '';
  const own = library();
  const place = placesOf(error).find((text) => !text.startsWith(own) && !text.includes('node:'));
  return place === undefined ? '' : ` (${place})`;
}
