// The confusion matrix as a table: a row for each digit written, a column for each digit read.
import { CLASSES, type Confusion } from './metrics';

/** From this share on a cell's colour is so strong that its text takes the other colour. */
const STRONG = 0.5;
/** Mistakes are rare: their colours are made this much stronger. */
const EMPHASIS = 6;

/** Builds the table's cells and returns how to fill them; null empties them. */
export function confusionTable(table: HTMLTableElement): (confusion: Confusion | null) => void {
  const corner = document.createElement('td');
  corner.ariaHidden = 'true';
  const head = table.createTHead().insertRow();
  head.append(corner, ...digits((digit) => heading('col', digit)));
  const body = table.createTBody();
  const cells = digits((label) => {
    const row = body.insertRow();
    row.append(heading('row', label));
    return digits((prediction) => {
      const cell = row.insertCell();
      if (label === prediction) cell.className = 'right';
      return cell;
    });
  });

  return (confusion) => {
    cells.forEach((row, label) => {
      row.forEach((cell, prediction) => {
        const count = confusion?.counts[label * CLASSES + prediction] ?? 0;
        const share = confusion?.share(label, prediction) ?? 0;
        const strength = label === prediction ? share : Math.min(1, share * EMPHASIS);
        const text = count === 0 ? '' : String(count);
        if (cell.textContent !== text) cell.textContent = text;
        cell.style.setProperty('--share', strength.toFixed(2));
        cell.classList.toggle('strong', strength >= STRONG);
      });
    });
  };
}

function digits<T>(make: (digit: number) => T): T[] {
  return Array.from({ length: CLASSES }, (_, digit) => make(digit));
}

function heading(scope: 'row' | 'col', digit: number): HTMLTableCellElement {
  const cell = document.createElement('th');
  cell.scope = scope;
  cell.textContent = String(digit);
  return cell;
}
