/** The closest of some words to one that was mistyped, as Python's `difflib` finds it. */

const CUTOFF = 0.6;

export function closest(word: string, known: Iterable<string>): string | undefined {
  let best: { word: string; likeness: number } | undefined;
  for (const candidate of known) {
    const likeness = ratio(candidate, word);
    if (likeness < CUTOFF) continue;
    if (
      !best ||
      likeness > best.likeness ||
      (likeness === best.likeness && candidate > best.word)
    ) {
      best = { word: candidate, likeness };
    }
  }
  return best?.word;
}

/** Share of the characters that lie in common stretches, found longest first. */
function ratio(a: string, b: string): number {
  const first = [...a];
  const second = [...b];
  const length = first.length + second.length;
  return length ? (2 * matches(first, second)) / length : 1;
}

function matches(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  let endInA = 0;
  let endInB = 0;
  let before: number[] = [];
  for (let i = 0; i < a.length; i++) {
    const lengths: number[] = [];
    for (let j = 0; j < b.length; j++) {
      if (a[i] !== b[j]) continue;
      const length = (before[j - 1] ?? 0) + 1;
      lengths[j] = length;
      if (length > longest) {
        longest = length;
        endInA = i + 1;
        endInB = j + 1;
      }
    }
    before = lengths;
  }
  if (!longest) return 0;
  return (
    longest +
    matches(a.slice(0, endInA - longest), b.slice(0, endInB - longest)) +
    matches(a.slice(endInA), b.slice(endInB))
  );
}
