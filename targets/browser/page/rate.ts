// How often something happens.

/** Counts answers: gives how many there were a second, over the last second. */
export function createRate(): (now: number) => number {
  let stamps: number[] = [];
  return (now) => {
    stamps = [...stamps.filter((stamp) => now - stamp < 1000), now];
    const span = now - stamps[0]!;
    return span > 0 ? (1000 * (stamps.length - 1)) / span : 0;
  };
}
