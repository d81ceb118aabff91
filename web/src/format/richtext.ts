// QuickSight's XML of titles and text boxes: <visual-title>, <text-box>, <inline>, <b>, <parameter>...
// Read into runs of text with their look. Nothing of it reaches the page as markup.

export interface Run {
  text: string;
  bold?: boolean;
  italic?: boolean;
  underline?: boolean;
  color?: string;
  background?: string;
  fontSize?: string;
  href?: string;
}

export interface Block {
  align?: "left" | "center" | "right";
  bullet?: boolean;
  runs: Run[];
}

type Look = Omit<Run, "text">;

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

export function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (whole, name: string) => {
    if (name.startsWith("#")) {
      const code = name[1] === "x" || name[1] === "X" ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    }
    return entities[name] ?? whole;
  });
}

/** Names of parameters to the values shown in their place. */
export type ParameterValues = Record<string, string>;

export function replaceParameters(text: string, values: ParameterValues): string {
  return text
    .replace(/<<\$([^<>]+)>>/g, (whole, name: string) => values[name.trim()] ?? whole)
    .replace(/\$\{([^}]+)\}/g, (whole, name: string) => values[name.trim()] ?? whole);
}

/** Font sizes of the document are names or pixels; others are left out. */
const fontSizes: Record<string, string> = {
  "extra-small": "10px", small: "12px", medium: "14px", large: "18px", "extra-large": "24px",
};

export function readRichText(xml: string, parameters: ParameterValues = {}): Block[] {
  const blocks: Block[] = [];
  const looks: { tag: string; look: Look; align?: Block["align"] }[] = [];
  let block: Block | undefined;
  const look = (): Look => Object.assign({}, ...looks.map((l) => l.look)) as Look;
  const open = (extra: Partial<Block> = {}) => {
    const align = looks.findLast((l) => l.align)?.align;
    block = { ...(align ? { align } : {}), ...extra, runs: [] };
    blocks.push(block);
  };
  const add = (text: string) => {
    if (text === "") return;
    if (!block) open();
    block?.runs.push({ text, ...look() });
  };

  // A tag, or `<<$name>>`, which is text.
  const pattern = /<<[^<>]*>>|<\/?[a-zA-Z][^>]*>|<!--[\s\S]*?-->|[^<]+|</g;
  for (const [piece] of xml.matchAll(pattern)) {
    if (piece.startsWith("<!--")) continue;
    const tag = /^<(\/?)([a-zA-Z][\w-]*)([^>]*?)(\/?)>$/.exec(piece);
    if (!tag) {
      const text = replaceParameters(decodeEntities(piece), parameters).replace(/\s+/g, " ");
      if (text.trim() !== "" || block) add(text);
      continue;
    }
    const [, closing, rawName = "", attributes = "", selfClosing] = tag;
    const name = rawName.toLowerCase();
    if (name === "br") {
      open(block?.align ? { align: block.align } : {});
      continue;
    }
    if (closing) {
      const at = looks.findLastIndex((l) => l.tag === name);
      if (at >= 0) looks.splice(at, 1);
      if (name === "block" || name === "li") block = undefined;
      continue;
    }
    if (selfClosing) continue;
    const attribute = readAttributes(attributes);
    const align = attribute.align;
    looks.push({
      tag: name,
      look: lookOf(name, attribute),
      ...(align === "left" || align === "center" || align === "right" ? { align } : {}),
    });
    if (name === "block") block = undefined;
    if (name === "li") open({ bullet: true });
  }
  for (const b of blocks) trimBlock(b);
  while (blocks.length > 0 && blocks.at(-1)?.runs.length === 0) blocks.pop();
  while (blocks.length > 0 && blocks[0]?.runs.length === 0) blocks.shift();
  return blocks;
}

/** The text alone, one line a block. */
export function plainText(xml: string, parameters: ParameterValues = {}): string {
  return readRichText(xml, parameters)
    .map((b) => b.runs.map((r) => r.text).join(""))
    .join("\n");
}

function trimBlock(block: Block): void {
  const first = block.runs[0];
  if (first) first.text = first.text.trimStart();
  const last = block.runs.at(-1);
  if (last) last.text = last.text.trimEnd();
  block.runs = block.runs.filter((r) => r.text !== "");
}

function lookOf(name: string, attribute: Record<string, string>): Look {
  switch (name) {
    case "b": case "strong": return { bold: true };
    case "i": case "em": return { italic: true };
    case "u": return { underline: true };
    case "a": {
      const href = safeLink(attribute.href);
      return href === undefined ? {} : { href };
    }
    default: {
      const look: Look = {};
      const color = safeColor(attribute.color);
      if (color) look.color = color;
      const background = safeColor(attribute["background-color"]);
      if (background) look.background = background;
      const size = attribute["font-size"];
      if (size) {
        const px = /^\d{1,3}(\.\d+)?px$/.test(size) ? size : fontSizes[size.toLowerCase().replace("_", "-")];
        if (px) look.fontSize = px;
      }
      return look;
    }
  }
}

function readAttributes(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, double, single] of text.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    if (name) found[name.toLowerCase()] = decodeEntities(double ?? single ?? "");
  }
  return found;
}

export function safeLink(href: string | undefined): string | undefined {
  return href !== undefined && /^(https?:\/\/|mailto:)/i.test(href.trim()) ? href.trim() : undefined;
}

function safeColor(color: string | undefined): string | undefined {
  if (color === undefined) return undefined;
  return /^#[0-9a-f]{3,8}$/i.test(color) || /^rgba?\([\d\s.,%]+\)$/i.test(color) || /^[a-z]{3,20}$/i.test(color) ? color : undefined;
}
