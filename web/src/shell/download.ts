/** Hands the reader a file made on this page. */
export function download(name: string, kind: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A name that every file system takes. */
export const fileName = (title: string): string => title.replace(/[^\p{L}\p{N}._ -]+/gu, " ").replace(/\s+/g, " ").trim().slice(0, 100) || "table";
