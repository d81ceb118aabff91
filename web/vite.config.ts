/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { build, defineConfig, type Plugin } from "vite";

const themeId = "virtual:console-theme.css";

/** The style sheet of src/shell/theme.ts, which is run here. */
function consoleTheme(): Plugin {
  return {
    name: "console-theme",
    resolveId: (id) => (id === themeId ? `\0${themeId}` : undefined),
    async load(id) {
      if (id !== `\0${themeId}`) return undefined;
      const source = fileURLToPath(new URL("src/shell/theme.ts", import.meta.url));
      this.addWatchFile(source);
      const built = await build({ configFile: false, logLevel: "error", ssr: { noExternal: true }, build: { write: false, ssr: source } });
      const outputs = Array.isArray(built) ? built : [built];
      const code = outputs.flatMap((o) => ("output" in o ? o.output : [])).find((o) => o.type === "chunk")?.code;
      if (code === undefined) throw new Error("src/shell/theme.ts came to nothing");
      const theme = (await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`)) as { consoleTheme: () => string };
      return theme.consoleTheme();
    },
  };
}

// The console is served under /_/ by the same process that answers the APIs.
export default defineConfig({
  base: "/_/",
  plugins: [react(), consoleTheme()],
  build: {
    target: "es2022",
    // public/.gitkeep comes along, so that dist can be embedded from a fresh clone too.
    emptyOutDir: true,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
            { name: "tanstack", test: /node_modules[\\/]@tanstack[\\/]/ },
            { name: "charts", test: /node_modules[\\/](echarts|zrender)[\\/]/ },
            { name: "graph", test: /node_modules[\\/](@xyflow|@dagrejs|d3-[a-z]+)[\\/]/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: { "^/_/(api|session|password|events|logs|query)": process.env.TARN_ENDPOINT ?? "http://localhost:4566" },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
