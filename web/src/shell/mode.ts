import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useSyncExternalStore } from "react";

// Dark or light: what the reader chose last, else what the system says, followed as it changes.

const stored = "tarn-mode";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): string | null {
  try {
    return localStorage.getItem(stored);
  } catch {
    return null; // storage is closed to this page: the system's mode it is
  }
}

export function isDark(): boolean {
  const mode = chosen();
  return mode === null ? system.matches : mode === "dark";
}

export function applyStoredMode(): void {
  applyMode(isDark() ? Mode.Dark : Mode.Light);
  document.documentElement.style.colorScheme = isDark() ? "dark" : "light";
  for (const listener of listeners) listener();
}

export function toggleMode(): void {
  try {
    localStorage.setItem(stored, isDark() ? "light" : "dark");
  } catch {
    return;
  }
  applyStoredMode();
}

system.addEventListener("change", applyStoredMode);

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}
