import { generateThemeStylesheet } from "@cloudscape-design/components/theming";

/**
 * Cloudscape in the console's accent: the teal of a mountain lake. It becomes a style sheet when the console is built (vite.config.ts):
 * in the browser, Cloudscape's tables of tokens would weigh more than all else on the first page.
 */
export function consoleTheme(): string {
  const accent = { light: "#0a6f78", dark: "#4fc9c2" };
  const strong = { light: "#074f57", dark: "#86e3dc" };
  const soft = { light: "#e3f3f4", dark: "#123b3f" };
  return generateThemeStylesheet({
    theme: {
      tokens: {
        colorBackgroundButtonPrimaryDefault: accent,
        colorBackgroundButtonPrimaryHover: strong,
        colorBackgroundButtonPrimaryActive: strong,
        colorTextButtonPrimaryDefault: { light: "#ffffff", dark: "#06232a" },
        colorTextButtonPrimaryHover: { light: "#ffffff", dark: "#06232a" },
        colorTextButtonPrimaryActive: { light: "#ffffff", dark: "#06232a" },
        colorBorderButtonNormalDefault: accent,
        colorBorderButtonNormalHover: strong,
        colorBorderButtonNormalActive: strong,
        colorTextButtonNormalDefault: accent,
        colorTextButtonNormalHover: strong,
        colorTextButtonNormalActive: strong,
        colorBackgroundButtonNormalHover: soft,
        colorBackgroundButtonNormalActive: soft,
        colorTextLinkDefault: accent,
        colorTextLinkHover: strong,
        colorTextAccent: accent,
        colorBorderItemFocused: accent,
        colorBorderItemSelected: accent,
        colorBackgroundItemSelected: soft,
        colorBackgroundControlChecked: accent,
        colorBackgroundContainerContent: { light: "#ffffff", dark: "#141d24" },
        colorBackgroundContainerHeader: { light: "#ffffff", dark: "#141d24" },
        colorBackgroundLayoutMain: { light: "#f3f6f7", dark: "#0c1318" },
      },
    },
  });
}
