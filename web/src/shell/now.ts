import { useEffect, useState } from "react";

/** The time, kept up to date while something on the page runs; this asks nobody anything. */
export function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const every = ticking ? 1000 : 30_000;
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
