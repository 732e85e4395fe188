// Ten bars for the probabilities of the digits, and the answer in words.
import { CLASSES } from './metrics';

/** Builds the bars and returns how to set them; null empties them. */
export function probabilityBars(list: HTMLElement): (probabilities: ArrayLike<number> | null) => void {
  const rows = Array.from({ length: CLASSES }, (_, digit) => {
    const row = document.createElement('li');
    const bar = document.createElement('span');
    const share = document.createElement('span');
    bar.className = 'bar';
    share.className = 'share';
    row.append(String(digit), bar, share);
    list.append(row);
    return { row, bar, share };
  });
  return (probabilities) => {
    const best = probabilities === null ? -1 : likeliest(probabilities);
    rows.forEach(({ row, bar, share }, digit) => {
      const value = probabilities?.[digit] ?? 0;
      row.classList.toggle('best', digit === best);
      bar.style.setProperty('--share', value.toFixed(3));
      share.textContent = probabilities === null ? '' : `${Math.round(100 * value)} %`;
    });
  };
}

/** The digit of the greatest probability. */
export function likeliest(probabilities: ArrayLike<number>): number {
  let best = 0;
  for (let digit = 1; digit < CLASSES; digit++) if (probabilities[digit] > probabilities[best]) best = digit;
  return best;
}

/** What the network thinks, as a sentence. */
export function answer(probabilities: ArrayLike<number>): string {
  const best = likeliest(probabilities);
  const share = probabilities[best];
  if (share < 0.5) return `Perhaps ${withArticle(best)}`;
  return share < 0.9 ? `Probably ${withArticle(best)}` : `It is ${withArticle(best)}`;
}

const withArticle = (digit: number): string => (digit === 8 ? 'an 8' : `a ${digit}`);
