/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The console is served under /_/ by the same process that answers the APIs.
export default defineConfig({
  base: "/_/",
  plugins: [react()],
  build: {
    target: "es2022",
    // public/.gitkeep comes along, so that dist can be embedded from a fresh clone too.
    emptyOutDir: true,
    chunkSizeWarningLimit: 900,
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
