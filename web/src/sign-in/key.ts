// The one-time key of a sign-in link. It leaves the address at once: addresses are shared and kept.

export interface TakenKey {
  key: string | undefined;
  /** The address without the key. */
  rest: string;
}

export function takeKey(address: string): TakenKey {
  const url = new URL(address);
  const key = url.searchParams.get("k") ?? undefined;
  url.searchParams.delete("k");
  return { key, rest: url.pathname + url.search + url.hash };
}
