import { useSyncExternalStore } from "react";
import { asApiError } from "../api/client";
import { signInWithKey } from "../api/session";
import { takeKey } from "./key";

let failure: string | undefined;
const listeners = new Set<() => void>();

/** Uses the key of a sign-in link before anything else asks who is signed in. */
export async function enterByLink(): Promise<void> {
  const { key, rest } = takeKey(window.location.href);
  if (key === undefined) return;
  window.history.replaceState(null, "", rest);
  try {
    await signInWithKey(key);
  } catch (error) {
    failure = asApiError(error).message;
    for (const listener of listeners) listener();
  }
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Why the link's key was not taken, if it was not. */
export function useKeyFailure(): string | undefined {
  return useSyncExternalStore(subscribe, () => failure);
}
